// Prints what `sweep()` reclaimed.
import { sweep } from './lifetime.mjs'

console.log(JSON.stringify(await sweep()))
