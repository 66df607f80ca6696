// What an executor without workers counts besides its tasks.
import { ExecutorAccount } from '../../../dist/executor/account.js'
import { Health } from '../../../dist/executor/health.js'
import { resolveOptions } from '../../../dist/executor/options.js'

export function noStats() {
  const health = new Health(resolveOptions('inline', {}), () => {})
  return { ...new ExecutorAccount().stats(new Set(), health), stuck: 0 }
}
