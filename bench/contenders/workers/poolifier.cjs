const { isMainThread } = require('node:worker_threads')
const { loadTasks, peer } = require('./tasks.cjs')

const { ClusterWorker, ThreadWorker } = peer('poolifier')
const Worker = isMainThread ? ClusterWorker : ThreadWorker
module.exports = new Worker(loadTasks())
