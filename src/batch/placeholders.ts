/**
 * What stands for the input in a command, named and filled in as GNU parallel does.
 *
 * | `{}` | `{.}` | `{/}` | `{//}` | `{/.}` | `{#}` | `{%}` |
 * |---|---|---|---|---|---|---|
 * | the input | without its extension | its base name | its folder | base name without extension | its place, from 1 | number of the job slot, from 1 |
 */
export type Placeholder = '{}' | '{.}' | '{/}' | '{//}' | '{/.}' | '{#}' | '{%}'

/** What is known of an input when its command is made. */
export interface FilledWith {
  readonly text: string
  /** Its place among all inputs, from 1. */
  readonly place: number
  readonly slot: number
}

/** Text, and placeholders between it. */
export type Piece = string | { readonly placeholder: Placeholder }

const pattern = /(\{(?:\/\/|\/\.|\.|\/|#|%)?\})/

/** Cuts a word at its placeholders. */
export function piecesOf(word: string): Piece[] {
  return word
    .split(pattern)
    .map((piece, at) => (at % 2 === 0 ? piece : { placeholder: piece as Placeholder }))
    .filter((piece) => piece !== '')
}

/** The placeholder that the text begins with. */
export function placeholderAt(text: string, at: number): Placeholder | undefined {
  const [found] = new RegExp(pattern.source, 'y').exec(text.slice(at, at + 4)) ?? []
  return found as Placeholder | undefined
}

export function valueOf(placeholder: Placeholder, { text, place, slot }: FilledWith): string {
  switch (placeholder) {
    case '{}':
      return text
    case '{.}':
      return withoutExtension(text)
    case '{/}':
      return baseName(text)
    case '{//}':
      return folder(text)
    case '{/.}':
      return withoutExtension(baseName(text))
    case '{#}':
      return String(place)
    case '{%}':
      return String(slot)
  }
  return placeholder satisfies never
}

function withoutExtension(text: string): string {
  return text.replace(/\.[^/.]*$/, '')
}

/** Of `a/` it is nothing, where basename(1) says `a`: so it is in GNU parallel. */
function baseName(text: string): string {
  return text.slice(text.lastIndexOf('/') + 1)
}

/** As dirname(1) has it; with many slashes, as Perl's File::Basename. */
function folder(text: string): string {
  const above = upToSlash(text)
  return text.endsWith('/') ? upToSlash(above) : above
}

function upToSlash(text: string): string {
  const slash = text.lastIndexOf('/')
  if (slash === -1) return '.'
  return text.slice(0, slash).replace(/\/+$/, '') || '/'
}
