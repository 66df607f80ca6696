// The mixed work of the batches under pressure. What a task does follows from its number, and so does its result:
//
//   cpu 1 to 20 ms of hashing · wait 5 to 25 ms · memory 20 to 60 MiB for a tenth of a second · large 1 MiB of result ·
//   file up to 1 MiB written and read back · child a process `true`
//
// CommonJS, so that every pool can load it. bench/under-pressure/tasks.py does the same.
const { spawn } = require('node:child_process')
const { createHash } = require('node:crypto')
const { mkdtemp, readFile, rm, writeFile } = require('node:fs/promises')
const { tmpdir } = require('node:os')
const path = require('node:path')
const { setTimeout: delay } = require('node:timers/promises')

const KINDS = ['cpu', 'cpu', 'wait', 'memory', 'memory', 'large', 'file', 'child']
const MiB = 2 ** 20
/** About a millisecond of hashing, in rounds of 64 KiB. */
const ROUNDS = 24
const HOLD_MS = 100

/** @param {number} index */
function draw(index) {
  const [kind = 0, amount = 0] = createHash('sha256').update(`task ${index}`).digest()
  return { kind: KINDS[kind % KINDS.length] ?? 'cpu', amount }
}

/** @param {number} index @returns {Promise<string>} */
exports.run = async function run(index) {
  const { kind, amount } = draw(index)
  const letter = String.fromCharCode(97 + (amount % 26))
  switch (kind) {
    case 'cpu':
      return chain((1 + (amount % 20)) * ROUNDS, index)
    case 'wait':
      await delay(5 + (amount % 21))
      return `waited for ${index}`
    case 'memory':
      return held(20 + (amount % 41), amount)
    case 'large':
      return letter.repeat(MiB)
    case 'file':
      return throughFile(letter.repeat((1 + (amount % 16)) * (MiB / 16)))
    default:
      return child()
  }
}
exports.default = exports.run

/**
 * What `run` must return, without the time and the memory that it takes.
 *
 * @param {number} index
 */
exports.answer = function answer(index) {
  const { kind, amount } = draw(index)
  const letter = String.fromCharCode(97 + (amount % 26))
  switch (kind) {
    case 'cpu':
      return chain((1 + (amount % 20)) * ROUNDS, index)
    case 'wait':
      return `waited for ${index}`
    case 'memory':
      return `pages add up to ${(20 + (amount % 41)) * 256 * amount}`
    case 'large':
      return letter.repeat(MiB)
    case 'file':
      return letter.repeat((1 + (amount % 16)) * (MiB / 16))
    default:
      return 'true ended with 0'
  }
}

/** @param {number} rounds @param {number} seed */
function chain(rounds, seed) {
  const block = Buffer.alloc(2 ** 16)
  let digest = createHash('sha256').update(`chain ${seed}`).digest()
  for (let round = 0; round < rounds; round += 1) {
    digest = createHash('sha256').update(digest).update(block).digest()
  }
  return digest.toString('hex')
}

/** @param {number} mebibytes @param {number} value */
async function held(mebibytes, value) {
  const pages = Buffer.alloc(mebibytes * MiB, value)
  await delay(HOLD_MS)
  let sum = 0
  for (let place = 0; place < pages.length; place += 4096) sum += pages[place] ?? 0
  return `pages add up to ${sum}`
}

/** @param {string} text */
async function throughFile(text) {
  const folder = await mkdtemp(path.join(tmpdir(), 'mixed-'))
  try {
    await writeFile(path.join(folder, 'text'), text)
    return await readFile(path.join(folder, 'text'), 'utf8')
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @returns {Promise<string>} */
function child() {
  return new Promise((resolve, reject) => {
    const started = spawn('true', { stdio: 'ignore' })
    started.once('error', reject)
    started.once('exit', (code, signal) => resolve(`true ended with ${code ?? signal}`))
  })
}
