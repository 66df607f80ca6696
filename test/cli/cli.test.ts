/** One file for the runner, because each would pack and install the package anew. */
// oxlint-disable import/no-unassigned-import -- each of them registers its tests
import './options.ts'
import './run.ts'
import './inputs.ts'
import './resume.ts'
import './signals.ts'
import './terminal.ts'
import './library.ts'
import './exec.ts'
import './exec-descriptors.ts'
import './exec-isolate.ts'
import './prove.ts'
import './run-cmd.ts'
