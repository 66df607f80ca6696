import { createPool } from './with-kind.mjs'

createPool(process.argv[2] === 'inline' ? {} : { minWorkers: 2, maxWorkers: 2 })
console.log('end of the script')
