/** Lines for a terminal, broken between words. */

import { columnsOf } from '../../messages/terminal-text.ts'

/**
 * A text in lines of at most so many columns. A word that is longer stands alone and whole: it may be a path or an address
 * that is copied.
 * @param width undefined: no line is broken, for files and pipes.
 * @param indent blanks before every line but the first, which already stands behind as much.
 */
export function wrapped(text: string, width: number | undefined, indent = 0): string {
  if (width === undefined) return text
  const room = Math.max(20, width - indent)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    if (line !== '' && columnsOf(line) + 1 + columnsOf(word) > room) {
      lines.push(line)
      line = word
    } else line = line === '' ? word : `${line} ${word}`
  }
  return [...lines, line].join(`\n${' '.repeat(indent)}`)
}
