/** What is allowed as an option, checked once, where the caller gives it. */
import * as v from 'valibot'

import { OptionError } from '../errors.ts'

const messages = {
  name: 'a text that is not empty',
  atLeastOne: 'a whole number, 1 or more',
  countOrInfinity: 'a whole number, 1 or more, or Infinity',
  wholeOrInfinity: 'a whole number, 0 or more, or Infinity',
  notNegative: 'a whole number, 0 or more',
  durationMs: 'a number of milliseconds, 0 or more, or Infinity',
  limitMs: 'a number of milliseconds above 0, or Infinity',
  limitBytes: 'a number of bytes above 0, or Infinity',
}

const number = (allowed: string, isAllowed: (value: number) => boolean) =>
  v.optional(
    v.pipe(
      v.number(allowed),
      v.check((value) => isAllowed(value), allowed),
    ),
  )
const oneOf = <const T extends readonly string[]>(...values: T) =>
  v.optional(v.picklist(values, values.map((value) => `'${value}'`).join(' or ')))
const orInfinity = (isAllowed: (value: number) => boolean) => (value: number) =>
  value === Infinity || isAllowed(value)
const isCount = (value: number): boolean => Number.isSafeInteger(value) && value >= 1
const isWhole = (value: number): boolean => Number.isSafeInteger(value) && value >= 0

const common = {
  name: v.optional(v.pipe(v.string(messages.name), v.minLength(1, messages.name))),
  maxWorkers: number(messages.atLeastOne, isCount),
  minWorkers: number(messages.notNegative, isWhole),
  tasksPerWorker: number(messages.atLeastOne, isCount),
  idleTimeoutMs: number(messages.durationMs, (value) => value >= 0),
  taskTimeoutMs: number(messages.limitMs, (value) => value > 0),
  graceMs: number(messages.durationMs, (value) => value >= 0),
  timeoutGraceMs: number(messages.durationMs, (value) => value >= 0),
  maxQueue: number(messages.countOrInfinity, orInfinity(isCount)),
  onFull: oneOf('throw', 'wait'),
  onDispose: oneOf('finish', 'cancel'),
  maxTasksPerWorker: number(messages.countOrInfinity, orInfinity(isCount)),
  maxWorkerRssBytes: number(messages.limitBytes, (value) => value > 0),
  maxWorkerGrowthBytes: number(messages.limitBytes, (value) => value > 0),
  stuckAfterMs: number(messages.limitMs, (value) => value > 0),
  onStuck: oneOf('report', 'capture', 'kill'),
  reserve: v.optional(
    v.strictObject(
      {
        processes: number(messages.notNegative, isWhole),
        descriptors: number(messages.notNegative, isWhole),
        memoryBytes: number('a number of bytes, 0 or more', (value) => value >= 0),
      },
      'one of the options processes, descriptors, memoryBytes',
    ),
  ),
  maxExecutors: number(messages.countOrInfinity, orInfinity(isCount)),
  onLimit: oneOf('wait', 'throw', 'inline'),
  initializer: v.optional(v.pipe(v.string(messages.name), v.minLength(1, messages.name))),
  initializerData: v.optional(v.unknown()),
  taskOutput: oneOf('inherit', 'stderr', 'ignore'),
}
const env = v.optional(
  v.record(v.string(), v.optional(v.string('a text or undefined')), 'an object of texts'),
)
const unknownOption = 'no such option'

const inlineSchema = v.strictObject(common, unknownOption)
const threadSchema = v.strictObject(
  {
    ...common,
    env,
    resourceLimits: v.optional(
      v.record(v.string(), v.optional(v.number('a number of MiB')), 'an object of numbers'),
    ),
  },
  unknownOption,
)
const processSchema = v.strictObject(
  {
    ...common,
    env,
    execArgv: v.optional(v.array(v.string('a text'), 'a list of node options')),
    onEscape: oneOf('report', 'kill'),
  },
  unknownOption,
)
const adaptiveSchema = v.strictObject(
  {
    ...threadSchema.entries,
    ...processSchema.entries,
    prefer: oneOf('process', 'thread'),
    lastRung: oneOf('inline', 'thread'),
    calmMs: number(messages.limitMs, (value) => value > 0),
    inlineBelowMs: number('a number of milliseconds, 0 or more', (value) => value >= 0),
  },
  unknownOption,
)
const callEntries = {
  timeoutMs: number(messages.limitMs, (value) => value > 0),
  signal: v.optional(v.instance(AbortSignal, 'an AbortSignal')),
  priority: number('a number', (value) => Number.isFinite(value)),
  retries: number(messages.wholeOrInfinity, orInfinity(isWhole)),
  crashRetries: number(messages.wholeOrInfinity, orInfinity(isWhole)),
  retryIf: v.optional(v.function('a function')),
  transfer: v.optional(v.array(v.unknown(), 'a list of ArrayBuffers and MessagePorts')),
  onProgress: v.optional(v.function('a function')),
}
const callSchema = v.strictObject(callEntries, unknownOption)
const mapSchema = v.strictObject(
  {
    ...callEntries,
    ordered: v.optional(v.boolean('true or false')),
    lookahead: number(messages.atLeastOne, isCount),
    chunk: number(messages.atLeastOne, isCount),
    deadlineMs: number(messages.limitMs, (value) => value > 0),
    extraArgs: v.optional(v.array(v.unknown(), 'a list of arguments')),
  },
  unknownOption,
)
const shutdownSchema = v.strictObject(
  {
    wait: v.optional(v.boolean('true or false')),
    cancelPending: v.optional(v.boolean('true or false')),
    graceMs: common.graceMs,
  },
  unknownOption,
)

/** Which options are meant. */
export type OptionsOf = 'inline' | 'thread' | 'process' | 'adaptive' | 'call' | 'map' | 'shutdown'

const schemas = {
  inline: inlineSchema,
  thread: threadSchema,
  process: processSchema,
  adaptive: adaptiveSchema,
  call: callSchema,
  map: mapSchema,
  shutdown: shutdownSchema,
}

/** @throws {OptionError} for the first value that is not allowed. */
export function checkOptions(of: OptionsOf, options: unknown): void {
  const result = v.safeParse(schemas[of], options)
  if (result.success) return
  const issue = result.issues[0]
  const path = issue.path?.map((step) => String(step.key)).join('.') ?? 'options'
  const isUnknown = issue.expected === 'never'
  const known = Object.keys(schemas[of].entries).join(', ')
  throw new OptionError(
    path,
    // For an option that does not exist, the `input` of the issue is its name.
    issue.path ? issue.path.at(-1)?.value : options,
    isUnknown ? `one of the options ${known}` : issue.path ? issue.message : 'an object',
  )
}
