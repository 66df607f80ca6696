// Journals more than there is room for.
import { holdScope } from './lifetime.mjs'

const hold = holdScope('full disk')
for (let index = 0; index < 1000; index++) hold.scope.recordProcess(process.pid)
console.log('worked on')
hold.release()
