/** Memories as text: when two are the same, which words of a task they are searched by, what of a log is telling. */

import { createHash } from 'node:crypto'
import { firstCharacters } from '../lib/sanitise-text.ts'
import type { MemoryKind } from './crew.ts'

/** Characters of one memory. More is no lesson but a report. */
export const memoryLength = 600

/** Equal for texts that differ in case, white space and punctuation alone. */
export function memoryDigest(kind: MemoryKind, about: string, text: string): string {
  const plain = (one: string) =>
    one
      .toLowerCase()
      .replace(/[^\p{L}\p{N}]+/gu, ' ')
      .trim()
  return createHash('sha256')
    .update(`${kind}\n${plain(about)}\n${plain(text)}`)
    .digest('hex')
    .slice(0, 32)
}

/** Words that a query holds at most: the first of a task say most about it. */
const mostTerms = 80

/**
 * The words of a task as a query for `to_tsquery`: any of them may match. Only letters, digits and underscores are left,
 * so nothing in the text is read as an operator.
 */
export function searchTerms(text: string): string {
  const words = text
    // camelCase and snake_case are several words, and one.
    .replace(/([\p{Ll}\d])(\p{Lu})/gu, '$1 $2')
    .toLowerCase()
    .match(/[\p{L}\p{N}]{3,40}/gu)
  return [...new Set(words ?? [])].slice(0, mostTerms).join(' | ')
}

const lineOfFailure =
  /\b(?:error|fail(?:ed|ure)?|expected|assert\w*|exception|panic|cannot|not found|undefined|refused)\b|✗|✘|×/i
const mostLines = 3
const longestLine = 160

/** The few lines of a failing log that say most; '' for an empty one. */
export function tellingLines(log: string): string {
  const lines = log
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('$ '))
  const telling = lines.filter((line) => lineOfFailure.test(line))
  const chosen = telling.length > 0 ? telling.slice(0, mostLines) : lines.slice(-mostLines)
  return chosen.map((line) => (line.length > longestLine ? `${firstCharacters(line, longestLine)}…` : line)).join('\n')
}
