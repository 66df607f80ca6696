// What the workers run: work that would keep the server itself from answering anybody else.

export interface PrimeCount {
  below: number
  primes: number
  /** The process that counted them. */
  pid: number
}

/** Counts the primes below a number, on purpose the slow way: about 3 seconds for ten million. */
export function countPrimes(below: number): PrimeCount {
  let primes = 0
  for (let number = 2; number < below; number += 1) if (isPrime(number)) primes += 1
  return { below, primes, pid: process.pid }
}

function isPrime(number: number): boolean {
  for (let factor = 2; factor * factor <= number; factor += 1) {
    if (number % factor === 0) return false
  }
  return true
}
