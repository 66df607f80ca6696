const { createRequire } = require('node:module')
const path = require('node:path')
const { run } = require('../../test/faults/pressure/tasks.cjs')

createRequire(path.join(process.env.PEERS ?? '', 'package.json'))('workerpool').worker({ run })
