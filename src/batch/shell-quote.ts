/** Words as a POSIX shell reads them back. */

/** Quoted only where it must be. */
export function quoteWord(word: string): string {
  // A word of its own with these at its beginning would be a comment, a home folder or an assignment.
  const isPlain = /^[\w@%+:,./-][\w@%+=:,./#~-]*$/.test(word) && !/^\w+=/.test(word)
  return isPlain ? word : `'${insideSingle(word)}'`
}

export function quoteWords(words: readonly string[]): string {
  return words.map((word) => (isOnlyBraces(word) ? word : quoteWord(word))).join(' ')
}

/** Between single quotes that are there already. */
export function insideSingle(text: string): string {
  return text.replaceAll("'", `'\\''`)
}

/** Between double quotes that are there already. */
export function insideDouble(text: string): string {
  return text.replaceAll(/[\\"$`]/g, '\\$&')
}

/** `{}` and `{.}.png` are no syntax to a shell, and read better as they are. */
function isOnlyBraces(word: string): boolean {
  return /^(?:\{[./#%]{0,2}\}|[\w@%+:,./-])+$/.test(word)
}
