import { processes } from './real-process.ts'

/** Sets variables for this thread and what it starts. @returns what puts them back. */
export function setVariables(variables: Readonly<Record<string, string>>): () => void {
  const undo = [...new Set(processes.map(({ env }) => env))].flatMap((env) =>
    Object.entries(variables).map(([name, value]) => {
      const before = env[name]
      env[name] = value
      return () => {
        // What the program has set meanwhile stays.
        if (env[name] !== value) return
        if (before === undefined) delete env[name]
        else env[name] = before
      }
    }),
  )
  return () => {
    for (const step of undo.toReversed()) step()
  }
}
