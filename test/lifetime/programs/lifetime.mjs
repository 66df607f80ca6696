// The package as programs that tests start see it, with the parts of lifetime/ that are not public.
export { activeExecutors, audit, handleSignals, spawnTethered, sweep, withTempDir } from 'tidypool'
export { outerBudget } from '../../../dist/lifetime/budget.js'
export { registerExecutor } from '../../../dist/lifetime/registry.js'
export { holdScope } from '../../../dist/lifetime/scope.js'
export { killProcessGroupSync } from '../../../dist/lifetime/stop.js'
export { spawnNodeWorker } from '../../../dist/lifetime/tether.js'
