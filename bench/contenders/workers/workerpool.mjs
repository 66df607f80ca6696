import { loadTasks, peer } from '../peer.mjs'

const { default: workerpool } = await peer('workerpool')
workerpool.worker(await loadTasks())
