// The next program that uses tidypool in the place where another one ended: it looks, holds something, and lets go.
import { audit, withTempDir } from 'tidypool'

const here = process.env['TIDYPOOL_STATE_DIR'] ?? ''
const used = await withTempDir((dir) => dir)
const { journals } = audit()
const others = journals.filter(
  (journal) => journal.path.startsWith(here) && journal.standing !== 'live',
)
console.log(`ready ${JSON.stringify({ used, others })}`)
if (others.length > 0) console.error('journals of others:', others)
