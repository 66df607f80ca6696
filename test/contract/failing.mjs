// Tasks that fail, in all the ways in which errors and results can be hard to send.

export class KnownError extends Error {
  line = 12
  /** @param {string} message @param {ErrorOptions} [options] */
  constructor(message, options) {
    super(message, options)
    this.name = new.target.name
  }
  where() {
    return `line ${this.line}`
  }
}

class VeryKnownError extends KnownError {}

class LimitError extends RangeError {
  limit = 3
  /** @override */
  name = 'LimitError'
}

export class PrivateError extends Error {
  #name = 'PrivateError'
  // @ts-expect-error an accessor, where the base has a property
  get name() {
    return this.#name
  }
}

export const returnsOne = () => 1

export function throwsSystemError() {
  throw Object.assign(new TypeError('no such table'), {
    code: 'ENOENT',
    path: '/tables/7',
    details: { row: 7, seen: new Map([['a', 1]]) },
  })
}

export async function throwsKnownErrors() {
  throw new KnownError('known')
}

export function throwsSubclasses() {
  throw new VeryKnownError('very')
}

export function throwsUnknownErrors() {
  throw new LimitError('limit')
}

export function throwsCauses() {
  const deepest = new RangeError('deepest', { cause: 'a text' })
  throw new Error('outer', { cause: new KnownError('middle', { cause: deepest }) })
}

export function throwsManyErrors() {
  throw new AggregateError(
    Array.from({ length: 40 }, (_, n) => new RangeError(`error ${n}`)),
    'many',
  )
}

export function throwsCircularErrors() {
  const error = new Error('circular')
  error.cause = error
  throw error
}

export function throwsSharedErrors() {
  const error = new Error('shared')
  throw new AggregateError([error, error], 'twice')
}

export function throwsAbortErrors() {
  AbortSignal.abort().throwIfAborted()
}

export function throwsTexts() {
  throw 'just a text'
}

export async function throwsUndefineds() {
  throw undefined
}

export function throwsObjects() {
  throw { code: 7, why: new Set(['a']) }
}

export function throwsFunctions() {
  throw () => 1
}

export const returnsFunctions = () => ({ call: () => 1 })

export const returnsThrowingGetters = () => ({
  get value() {
    throw new RangeError('the getter of a result')
  },
})

export function throwsThrowingGetters() {
  const error = Object.assign(new Error('with getters'), { kept: 7 })
  const threw = {
    enumerable: true,
    get() {
      throw new RangeError('the getter of an error')
    },
  }
  for (const name of ['stack', 'message', 'name', 'cause', 'errors', 'own'])
    Object.defineProperty(error, name, threw)
  throw error
}

export function throwsHoldingFunctions() {
  throw Object.assign(new Error('holding'), {
    kept: 7,
    call: () => 1,
    deep: { call: () => 1 },
    cause: () => 1,
  })
}

export function throwsProxies() {
  throw new Proxy(new Error('proxy'), {
    get() {
      throw new RangeError('the trap')
    },
    has() {
      throw new RangeError('the trap')
    },
    ownKeys() {
      throw new RangeError('the trap')
    },
  })
}

export function throwsThrowingPrototypes() {
  const error = new Error('prototype')
  const proto = Object.create(Error.prototype, {
    constructor: {
      get() {
        throw new RangeError('the constructor')
      },
    },
  })
  Object.setPrototypeOf(error, proto)
  throw error
}

export const returnsThrowingThens = () => ({
  get then() {
    throw new RangeError('the getter of then')
  },
})

export function throwsThrowingErrors() {
  throw {
    get value() {
      throw new RangeError('the getter of what was thrown')
    },
    toString() {
      throw new RangeError('no text')
    },
  }
}

export function throwsPrivates() {
  throw new PrivateError('private')
}

export const returnsThenables = () => ({
  /** @param {(value: string) => void} resolve */
  // oxlint-disable-next-line unicorn/no-thenable -- that is what is tried
  then(resolve) {
    resolve('then')
  },
})

export const returnsErrors = () => new RangeError('as a result')
