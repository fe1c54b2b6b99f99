/** The output of a program: its beginning and its end, in bounded memory, as plain text. */

import { createHash, type Hash } from 'node:crypto'
import { stripVTControlCharacters } from 'node:util'
import { firstCharacters, lastCharacters } from '../../lib/sanitise-text.ts'

/** Keeps the first and the last half of `limit` bytes, and counts the rest. */
export class CapturedOutput {
  readonly #half: number
  readonly #all: Pick<Hash, 'update'> | undefined
  readonly #head: Buffer[] = []
  #tail: Buffer[] = []
  #headBytes = 0
  #tailBytes = 0
  #total = 0

  /**
   * @param limit bytes kept.
   * @param all takes every byte, also those that are not kept.
   */
  constructor(limit: number, all?: Pick<Hash, 'update'>) {
    this.#half = Math.floor(limit / 2)
    this.#all = all
  }

  /** Bytes added so far. */
  get total(): number {
    return this.#total
  }

  add(chunk: Buffer): void {
    this.#total += chunk.length
    this.#all?.update(chunk)
    const toHead = chunk.subarray(0, this.#half - this.#headBytes)
    if (toHead.length > 0) {
      this.#head.push(toHead)
      this.#headBytes += toHead.length
    }
    const rest = chunk.subarray(toHead.length)
    if (rest.length === 0) return
    this.#tail.push(rest)
    this.#tailBytes += rest.length
    // Joined only now and then: much output comes in many small pieces.
    if (this.#tailBytes > this.#half * 2) {
      this.#tail = [Buffer.concat(this.#tail).subarray(-this.#half)]
      this.#tailBytes = this.#half
    }
  }

  /** The kept text. A line between beginning and end says how much is missing. */
  text(): string {
    const head = Buffer.concat(this.#head)
    const tail = Buffer.concat(this.#tail).subarray(-this.#half)
    const cut = this.#total - head.length - tail.length
    if (cut <= 0) return plain(Buffer.concat([head, tail]).toString('utf8'))
    return joined(head.toString('utf8'), tail.toString('utf8'), `${cut} bytes`)
  }
}

/** The SHA-256 of a log, as hexadecimal digits. */
export function digestOfLog(text: string): string {
  return createHash('sha256').update(text).digest('hex')
}

/** Beginning and end of a text, `limit` characters together. */
export function shortenOutput(text: string, limit: number): string {
  if (text.length <= limit) return text
  const half = Math.floor(limit / 2)
  return joined(firstCharacters(text, half), lastCharacters(text, half), `${text.length - 2 * half} characters`)
}

function joined(head: string, tail: string, cut: string): string {
  return `${plain(head).trimEnd()}\n\n… ${cut} left out …\n\n${plain(tail).trimStart()}`
}

/** Without colours, NULs and other control characters; of a line that was overwritten, the last state. */
function plain(text: string): string {
  return (
    stripVTControlCharacters(text)
      .replace(/\r+\n/g, '\n')
      .replace(/[^\n]*\r(?=[^\n])/g, '')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
      .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
  )
}
