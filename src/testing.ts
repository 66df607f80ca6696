/**
 * `tidypool/testing`: fails a test that leaves something behind, under any test runner. The only file of this entry that
 * re-exports.
 */
export { LeakError, LeakWatchError, type Leak, type LeakKind } from './errors.ts'
export { expectNoLeaks } from './testing/expect-no-leaks.ts'
export type { LeakOptions } from './testing/options.ts'
export { watchLeaks, type LeakWatch } from './testing/watch-leaks.ts'
