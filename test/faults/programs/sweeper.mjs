// Sweeps once and says what it reclaimed, then holds something, as any program does that starts.
import { audit, sweep, withTempDir } from 'tidypool'

const report = await sweep()
const used = await withTempDir((dir) => dir)
const { journals, ended } = audit()
console.log(`ready ${JSON.stringify({ ...report, used, journals, ended })}`)
