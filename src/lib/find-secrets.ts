/** Finds what looks like a secret: secretlint's recommended rules, also in texts that continue over several lines. */

import { lintSource } from '@secretlint/core'
import { creator } from '@secretlint/secretlint-rule-preset-recommend'

/** One place in a text that looks like a secret. */
export interface FoundSecret {
  /** From 1. */
  line: number
  /** Offsets in the text; the value is never a part of this. */
  start: number
  end: number
  /** What it looks like: the name of the rule, such as `GITHUB_TOKEN`. */
  what: string
}

const preset = '@secretlint/secretlint-rule-preset-recommend'
const options = {
  config: { rules: [{ id: preset, rule: creator, options: {} }] },
  noPhysicFilePath: true,
  maskSecrets: true,
}

/** What looks like a secret, in its order. */
export async function findSecrets(text: string): Promise<FoundSecret[]> {
  const found = await lint(text)
  const joined = joinedLines(text)
  if (joined.text === text) return found
  const split = (await lint(joined.text))
    .map((one) => ({ ...one, start: joined.offsetOf(one.start), end: joined.offsetOf(one.end) }))
    .filter((one) => !found.some((other) => one.start < other.end && other.start < one.end))
  return [...found, ...split.map((one) => ({ ...one, line: lineAt(text, one.start) }))].sort(
    (a, b) => a.start - b.start,
  )
}

/** The text with everything that looks like a secret taken out. */
export async function maskSecrets(text: string): Promise<string> {
  let result = ''
  let at = 0
  for (const { start, end } of await findSecrets(text)) {
    if (start < at) continue
    result += `${text.slice(at, start)}[redacted]`
    at = end
  }
  return result + text.slice(at)
}

async function lint(text: string): Promise<FoundSecret[]> {
  const source = { content: text, filePath: 'text', ext: '', contentType: 'text' as const }
  const { messages } = await lintSource({ source, options })
  return messages
    .filter(({ type }) => type === 'message')
    .map(({ range: [start, end], messageId }) => ({ line: lineAt(text, start), start, end, what: messageId }))
    .sort((a, b) => a.start - b.start)
}

function lineAt(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at !== -1 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** The end of one string and the beginning of the next, which a program would join: `'abc' +⏎ 'def'`, `abc\⏎def`. */
const seam = /(?:["'`]\s*[+.,\\]?[^\S\n]*\n[^\S\n]*[+.]?\s*["'`]|\\\n[^\S\n]*)/g

/** The text without the seams of its strings. */
function joinedLines(text: string): { text: string; offsetOf(joined: number): number } {
  const seams: { at: number; removed: number }[] = []
  let removed = 0
  const joined = text.replace(seam, (match, at: number) => {
    removed += match.length
    seams.push({ at: at - (removed - match.length), removed })
    return ''
  })
  const offsetOf = (offset: number) => offset + (seams.findLast(({ at }) => at <= offset)?.removed ?? 0)
  return { text: joined, offsetOf }
}
