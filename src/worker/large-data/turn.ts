/**
 * How much large data this thread copies in one turn of its event loop: what its workers send all together must not keep it from
 * everything else. To read one turn's worth into new memory takes one or two milliseconds.
 */
export const TURN_BYTES: number = 2 * 1024 * 1024

let left = TURN_BYTES
let isTurning = false
const waiting: (() => void)[] = []

/** What may still be copied in this turn; 0 when others have to come first. */
export function bytesLeft(): number {
  return waiting.length > 0 && !isTurning ? 0 : Math.max(0, left)
}

export function spend(bytes: number): void {
  left -= bytes
  nextTurn()
}

/** Calls back in a later turn, in the order of these calls, when there are bytes left. */
export function whenBytesAreLeft(goOn: () => void): void {
  waiting.push(goOn)
  nextTurn()
}

/** Who may go on now. */
function next(): (() => void) | undefined {
  return left > 0 ? waiting.shift() : undefined
}

let isScheduled = false

function nextTurn(): void {
  if (isScheduled) return
  isScheduled = true
  setImmediate(() => {
    isScheduled = false
    left = TURN_BYTES
    isTurning = true
    try {
      // Who comes again in this loop goes to the end: everybody gets his turn.
      for (let goOn = next(); goOn; goOn = next()) goOn()
    } finally {
      isTurning = false
      if (waiting.length > 0) nextTurn()
    }
  })
}
