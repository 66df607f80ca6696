const { createRequire } = require('node:module')
const path = require('node:path')

createRequire(path.join(process.env.PEERS ?? '', 'package.json'))('workerpool').worker(
  require('./busy.cjs'),
)
