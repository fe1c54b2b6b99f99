/** The demo's live timeline: one line for each thing that happens, and a progress line at the bottom of a terminal. */

import { styleText } from 'node:util'
import type { LogLine } from './program.ts'

export interface Timeline {
  /** Something a person, GitHub or Tutti did. */
  say(who: 'maintainer' | 'tutti' | 'agent' | 'github', text: string): void
  /** A transition from Tutti's log, in plain words. */
  hear(line: LogLine): void
  readonly attempts: number
  close(): void
}

/** Longest line that fits a terminal of 80 columns with the time and the name in front. */
const width = 80

/**
 * @param options.quiet nothing is printed. @param options.live colours and a progress line.
 */
export function openTimeline(options: {
  quiet: boolean
  live: boolean
  total: number
  counts: () => string
}): Timeline {
  const start = performance.now()
  const started = new Set<number>()
  let attempts = 0
  let merged = 0
  const out = (text: string) => {
    if (!options.quiet) process.stdout.write(text)
  }
  const progress = () => {
    if (!options.live) return
    const bar = `${'█'.repeat(merged * 3)}${'░'.repeat((options.total - merged) * 3)}`
    out(`\r\x1b[2K${styleText('green', bar)} ${merged}/${options.total} merged · ${options.counts()}`)
  }
  const timer = options.live ? setInterval(progress, 200) : undefined
  const say: Timeline['say'] = (who, text) => {
    const seconds = ((performance.now() - start) / 1000).toFixed(1).padStart(5)
    const name = who.padEnd(10)
    const colour = { maintainer: 'cyan', tutti: 'magenta', agent: 'yellow', github: 'gray' } as const
    const room = width - 8 - 11
    const rows = wrap(text, room)
    const first = `${seconds} s ${options.live ? styleText(colour[who], name) : name} ${rows[0]}\n`
    out(
      (options.live ? '\r\x1b[2K' : '') +
        first +
        rows
          .slice(1)
          .map((row) => `${' '.repeat(19)}${row}\n`)
          .join(''),
    )
    progress()
  }

  return {
    say,
    get attempts() {
      return attempts
    },
    hear(line) {
      if (line.issue === undefined) return
      if (line.msg === 'the session of an agent is open') return say('agent', `#${line.issue} ${begins(line, started)}`)
      if (!line.to) return
      if (line.to === 'running') attempts++
      if (line.to === 'done') merged++
      const words = wordsFor(line)
      if (words) say('tutti', `#${line.issue} ${words}`)
    },
    close() {
      clearInterval(timer)
      if (options.live) out('\r\x1b[2K')
    },
  }
}

/** Who goes to work, and on what. */
function begins({ issue = 0, agent = 'an agent', purpose }: LogLine, started: Set<number>): string {
  if (purpose !== 'build') return `${agent} reads the repository and plans`
  const again = started.has(issue)
  started.add(issue)
  return `${agent} goes to work${again ? ' again, with the reason' : ' in a worktree of its own'}`
}

function wordsFor(line: LogLine): string | undefined {
  switch (line.to) {
    case 'planning':
      return `is planned again: ${firstSentence(line.why)}`
    case 'checking':
      return 'is written; the gates run on a clean checkout of that commit'
    case 'ready':
      if (line.from === 'checking') return `did not pass: ${firstSentence(line.why)}`
      return line.from === 'reviewing' ? `goes back to work: ${firstSentence(line.why)}` : undefined
    case 'reviewing':
      return line.from === 'checking'
        ? 'passed its gates; its pull request is open'
        : `waits for review again. ${line.why ?? ''}`
    case 'merging':
      return 'is approved at this very commit; merging'
    case 'done':
      return 'is merged'
    case 'held':
      return `needs a person: ${line.why}`
    default:
      return undefined
  }
}

/** What went wrong, out of the sentence that people read on the issue. */
function firstSentence(text = ''): string {
  const said = text.replace(/^Attempt \d+: /, '').replace(/ It is (?:tried|planned) again[\s\S]*$/, '')
  return said.replace(/\*\*/g, '').replace(/\s+/g, ' ').slice(0, 160)
}

function wrap(text: string, room: number): string[] {
  const rows: string[] = []
  let row = ''
  for (const word of text.split(' ')) {
    if (row && row.length + 1 + word.length > room) {
      rows.push(row)
      row = word
    } else row = row ? `${row} ${word}` : word
  }
  rows.push(row)
  return rows
}
