/** The telling part of a long log: the command, the first error, and the end. Pure. */

import { stripVTControlCharacters } from 'node:util'
import { isSignificant } from '../../gates/lib/signature.ts'
import { firstCharacters, lastCharacters } from '../../lib/sanitise-text.ts'

/** GitHub Actions begins every line with the time. */
const timestamp = /^\uFEFF?\d{4}-\d\d-\d\dT[\d:.]+Z /
/** How a command that is started looks: in GitHub Actions, after `set -x`, and as npm, pnpm and make print it. */
const command = /^(?:##\[group\]Run |\[command\]|\$ |\+ |> \S+@\S+ \S)/
/** GitHub Actions closes a failing step with such a line. What follows only tidies up. */
const stepFailed = /^##\[error\]/
/** "0 failed", "no errors": words of a failure that speak of none. */
const noFailure = /\b(?:0|no) (?:errors?|fail\w*|warnings?)\b/i

const longestLine = 400
const linesBefore = 2
const linesOfError = 40
const lastLines = 25

/**
 * Takes out of a log what an agent, or a person, needs to see the failure.
 * @param limit characters of the result, at least 500.
 */
export function trimLog(log: string, limit: number): string {
  const lines = log.split('\n').map(plainLine)
  while (lines.at(-1)?.trim() === '') lines.pop()
  const failed = lines.findIndex((line) => stepFailed.test(line))
  const end = failed === -1 ? lines.length : failed + 1
  const started = lines.slice(0, end).findLastIndex((line) => command.test(line))
  const step = Math.max(0, started)
  const first = firstError(lines, step, end) ?? firstError(lines, 0, end)
  const ranges: [number, number][] = []
  if (started !== -1) ranges.push([started, started + 1])
  if (first !== undefined) ranges.push([first - linesBefore, Math.min(end, endOfBlock(lines, first))])
  ranges.push([end - lastLines, end])
  return withinLimit(lines, joined(ranges, end), limit)
}

/** A line without its time, colours and control characters; of one that was drawn over, the last state. */
function plainLine(line: string): string {
  const text = stripVTControlCharacters(line.slice(0, 20_000)).replace(timestamp, '')
  const last = text.replace(/\r+$/, '').split('\r').at(-1) ?? ''
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
  const clean = last.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, '')
  return clean.length > longestLine ? `${firstCharacters(clean, longestLine)}…` : clean
}

function firstError(lines: readonly string[], from: number, to: number): number | undefined {
  const found = lines
    .slice(from, to)
    .findIndex((line) => isSignificant(line) && !noFailure.test(line) && !command.test(line))
  return found === -1 ? undefined : from + found
}

/** An error goes on to the second empty line after it, or for 40 lines. */
function endOfBlock(lines: readonly string[], first: number): number {
  let empty = 0
  for (let at = first; at < Math.min(lines.length, first + linesOfError); at++) {
    if (lines[at]?.trim() === '') empty++
    if (empty === 2) return at
  }
  return first + linesOfError
}

/** Ranges of lines in order, those that meet made one. */
function joined(ranges: [number, number][], end: number): [number, number][] {
  const result: [number, number][] = []
  for (const [from, to] of ranges.toSorted(([one], [other]) => one - other)) {
    const last = result.at(-1)
    const begin = Math.max(0, from)
    if (last && begin <= last[1]) last[1] = Math.min(end, Math.max(last[1], to))
    else result.push([begin, Math.min(end, to)])
  }
  return result
}

/** The ranges as text. Where that is too long, the last one keeps its end, and those before keep their beginning. */
function withinLimit(lines: readonly string[], ranges: readonly [number, number][], limit: number): string {
  const gap = '\n…\n'
  const parts = ranges.map(([from, to]) => lines.slice(from, to).join('\n'))
  const whole = (ranges[0]?.[0] ?? 0) > 0 ? ['…', ...parts].join('\n') : parts.join(gap)
  if (whole.length <= limit) return parts.length > 1 ? parts.join(gap) : whole
  const last = parts.at(-1) ?? ''
  if (parts.length === 1) return halves(last, limit)
  const half = Math.floor((limit - gap.length) / 2)
  return `${firstCharacters(parts.slice(0, -1).join(gap), half)}${gap}${lastCharacters(last, half)}`
}

function halves(text: string, limit: number): string {
  const half = Math.floor((limit - 3) / 2)
  return `${firstCharacters(text, half)}\n…\n${lastCharacters(text, half)}`
}
