/** The fingerprint of a failure: it does not depend on times, numbers, addresses and paths. */

import { createHash } from 'node:crypto'
import { stripVTControlCharacters } from 'node:util'

const significant =
  /\b(?:errors?|fail(?:s|ed|ure|ures|ing)?|assert\w*|expected|received|exception|panic\w*|not ok|cannot|can't|undefined|undeclared|missing|unresolved|traceback|fatal)\b|[✗✖×✘❌]|error:/i

/** Whether a line of output reports a failure. */
export function isSignificant(line: string): boolean {
  return significant.test(line)
}

/** So many significant lines make the fingerprint; without any, the last lines of the output do. */
const enough = 40
const lastLines = 15

/**
 * A fingerprint of a failed program.
 * @param how how it ended: `exit 1`, `timeout`.
 * @param output its output, as plain text.
 */
export function signatureOf(how: string, output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '')
  const chosen = lines.filter(isSignificant).slice(0, enough)
  const stable = (chosen.length > 0 ? chosen : lines.slice(-lastLines)).map(normalised)
  // Sorted: tests that run side by side print in any order.
  const text = [...new Set(stable)].sort().join('\n')
  return `${how} ${createHash('sha256').update(text).digest('hex').slice(0, 16)}`
}

/** A line without what changes from one run to the next. */
export function normalised(line: string): string {
  return stripVTControlCharacters(line)
    .slice(0, 500)
    .replace(/(?:[A-Za-z]:)?[\w.@+~-]*(?:[/\\][\w.@+~-]+)+[/\\]?/g, fileIn)
    .replace(/\b0x[0-9a-f]+\b|\b(?=[a-f]*\d)[0-9a-f]{7,}\b/gi, 'HEX')
    .replace(/\d+(?:[.,:]\d+)*\s?(?:ns|[uµ]s|ms|s|sec|seconds?|m|min|minutes?|[kKMG]i?B|%)?(?![\p{L}\d])/gu, 'N')
    .replace(/\d+/g, 'N')
    .replace(/\s+/g, ' ')
    .trim()
}

/** The file's name stays, since it identifies a failing test. The folders are removed, since they may be temporary. */
function fileIn(path: string): string {
  const name = path.split(/[/\\]/).at(-1) ?? ''
  return /\.[a-z]{1,5}$/i.test(name) ? `PATH ${name}` : 'PATH'
}
