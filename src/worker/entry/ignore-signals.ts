/**
 * While the owner handles signals itself (`handleSignals`), a signal that systemd, PM2 or a shell sends to the
 * whole tree must not end a worker that is finishing its task. The owner ends it.
 */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

function ignore(): void {}

export function setSignalsIgnored(ignored: boolean): void {
  for (const signal of SIGNALS) {
    process.off(signal, ignore)
    if (ignored) process.on(signal, ignore)
  }
}
