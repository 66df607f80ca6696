// The task: says that it runs, then never returns.
const { writeFileSync } = require('node:fs')
const path = require('node:path')

exports.loop = function loop() {
  writeFileSync(path.join(process.env.BUSY_DIR ?? '', `busy-${process.pid}`), '')
  for (;;);
}
