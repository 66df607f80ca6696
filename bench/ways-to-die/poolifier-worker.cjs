const { createRequire } = require('node:module')
const path = require('node:path')

const busy = require('./busy.cjs')

const { ClusterWorker } = createRequire(path.join(process.env.PEERS ?? '', 'package.json'))(
  'poolifier',
)
module.exports = new ClusterWorker(() => busy.loop())
