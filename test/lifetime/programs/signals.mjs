// A program with an executor (a stand-in that tells what is asked of it) that handles signals as its argument says.
import { noStats } from './no-stats.mjs'
import { handleSignals, registerExecutor } from './lifetime.mjs'

/** @type {{ options?: { pending?: 'finish' | 'cancel', graceMs?: number }, shutdownMs?: number, before?: boolean, own?: boolean, dispose?: boolean, lateExecutor?: boolean }} */
const plan = JSON.parse(process.argv[2] ?? '{}')
const say = (/** @type {unknown[]} */ ...words) => process.stdout.write(`${words.join(' ')}\n`)

/** @param {string} name */
function register(name) {
  const registration = registerExecutor({
    name,
    kind: 'process',
    state: 'open',
    stats: () => ({
      workers: 0,
      idle: 0,
      queued: 0,
      running: 0,
      finished: 0,
      failed: 0,
      cancelled: 0,
      ...noStats(),
    }),
    shutdown: async (options) => {
      say('shutdown', JSON.stringify(options))
      if (options?.wait !== false)
        await new Promise((resolve) => setTimeout(resolve, plan.shutdownMs ?? 0).unref())
      if (options?.wait !== false) registration.remove('clean')
      return {
        tasks: { finished: 0, failed: 0, cancelled: 0, killed: 0 },
        workers: [],
        escaped: [],
        ended: [],
        errors: [],
      }
    },
    killSync: () => say('killed', name),
    setSignalsIgnored: (ignored) => say('ignored', ignored),
  })
}

register('first')
const handling = handleSignals({
  ...plan.options,
  before: plan.before
    ? async (signal) => {
        say('before', signal)
        throw new Error('before failed')
      }
    : undefined,
})
if (plan.lateExecutor) register('late')
handling.signal.addEventListener('abort', () => say('abort', handling.signal.reason.message))
if (plan.own) {
  process.on('SIGTERM', () => {
    say(`own listener, ${process.listenerCount('SIGTERM') - 1} others`)
    void handling[Symbol.asyncDispose]().then(() => say('handled'))
  })
}
if (plan.dispose) {
  handling[Symbol.dispose]()
  say(
    'listeners',
    process.listenerCount('SIGTERM') +
      process.listenerCount('SIGINT') +
      process.listenerCount('SIGHUP'),
  )
}
process.on('exit', (code) => say('exit', code))
say('ready')
const keep = setInterval(() => {}, 1 << 30)
// A program whose work ends with the signal, as most do: the loop is empty then.
if (!plan.own) handling.signal.addEventListener('abort', () => clearInterval(keep))
