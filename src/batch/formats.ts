/** `--format`: how a record of a file or of stdin becomes an input. */
import path from 'node:path'

import { isRecord } from './is-record.ts'
import { BadRecord, type TextRecord } from './records.ts'
import type { RawInput } from './source.ts'

export type Format = 'lines' | 'jsonl' | 'null'
export const FORMATS: readonly Format[] = ['lines', 'jsonl', 'null']

/** The format that a file's name tells; text is lines. */
export function formatOf(file: string): Format {
  return ['.jsonl', '.ndjson', '.json'].includes(path.extname(file).toLowerCase())
    ? 'jsonl'
    : 'lines'
}

/** Makes the inputs of one file. Records that are empty are no inputs. */
export function recordReader(
  format: Format,
  file: string,
): (records: readonly TextRecord[]) => RawInput[] {
  const parse = format === 'jsonl' ? parseJson : asText
  let number = 0
  return (records) => {
    const inputs: RawInput[] = []
    for (const record of records) {
      number++
      if (record instanceof BadRecord) {
        inputs.push(bad(record.text, `${file}, record ${number}: ${record.problem}`))
        continue
      }
      // Editors on Windows write a mark at the beginning of the file and a carriage return before each newline.
      const text = format === 'null' ? record : withoutMarks(record, number)
      if (text === '') continue
      inputs.push(parse(text, file, number))
    }
    return inputs
  }
}

function withoutMarks(record: string, number: number): string {
  const text = number === 1 && record.startsWith('\uFEFF') ? record.slice(1) : record
  return text.endsWith('\r') ? text.slice(0, -1) : text
}

function asText(text: string): RawInput {
  return { content: text, value: text, id: undefined, problem: undefined }
}

function parseJson(text: string, file: string, number: number): RawInput {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return bad(text, `${file}, line ${number} is not JSON: ${why}`)
  }
  return { content: text, value, id: idOf(value), problem: undefined }
}

/** An `id` counts when it is text or a number; anything else is data like the rest. */
function idOf(value: unknown): string | undefined {
  if (!isRecord(value) || !Object.hasOwn(value, 'id')) return undefined
  const { id } = value
  if (typeof id === 'number' && Number.isFinite(id)) return String(id)
  return typeof id === 'string' && id !== '' ? id : undefined
}

function bad(content: string, problem: string): RawInput {
  return { content, value: content, id: undefined, problem }
}
