/**
 * Makes the errors of many tasks that fail together, for one reason. A stack would be the same for all of them, and costs more to
 * take than everything else about a task: a hundred thousand would hold the program up for a second.
 */
export function withoutStack<E extends Error>(make: () => E): E {
  const { stackTraceLimit } = Error
  // Assigned, it would throw where the program has frozen Node's own objects.
  Reflect.set(Error, 'stackTraceLimit', 0)
  try {
    return make()
  } finally {
    Reflect.set(Error, 'stackTraceLimit', stackTraceLimit)
  }
}
