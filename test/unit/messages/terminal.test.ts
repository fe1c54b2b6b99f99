import { stripVTControlCharacters } from 'node:util'
import stringWidth from 'string-width'
import { expect, test } from 'vitest'
import { type TerminalState, terminalView } from '../../../src/messages/terminal.ts'
import { cut } from '../../../src/messages/terminal-text.ts'

const now = new Date('2026-11-28T12:00:00Z')
const evil = 'Greet \u001b[2J\u001b]0;owned\u0007 \u202eeveryone\r\nand 世界 👩‍👩‍👧‍👦 '.repeat(4)

const agent: TerminalState['agents'][number] = {
  ...{ name: 'Ada 世界 the Great', kind: 'codex', status: 'working', purpose: 'build', moduleId: evil, issue: 12_345 },
  ...{ attempt: 3, progress: evil, health: 'stalled', silentSeconds: 320, cpuPercent: 99.6, memoryBytes: 2 ** 31 },
}

function stateWith(agents: number, items: number): TerminalState {
  const item = (issue: number) => ({
    issue,
    title: evil,
    state: 'plan-review',
    waitsFor: ['acme/app#1', 'acme/web#22'],
  })
  const list = Array.from({ length: items }, (_, at) => item(at + 1))
  return {
    progress: {
      ...{ systemId: 'acme/app', status: 'halted', statusReason: evil, completionPercent: 42.5 },
      items: { total: 40, pending: 18, needsPerson: 2, inProgress: 3, completed: 17 },
      agents: { active: agents, limit: 8, unhealthy: 1 },
      ...{ concurrencyMode: 'parallel-threads', expectedHoursLeft: 3.5 },
    },
    agents: Array.from({ length: agents }, () => agent),
    queue: { pending: list, needsPerson: list, inProgress: list },
    events: list.map(({ issue }) => ({ at: '2026-11-28T11:58:00Z', issue, actor: evil, what: evil, why: evil })),
  }
}

test.each([40, 80, 100, 200])('no line is wider than %i columns, whatever people and agents have written', (width) => {
  const text = terminalView(stateWith(3, 5), { width, color: false, now })
  for (const line of text.split('\n')) expect(stringWidth(line), line).toBeLessThanOrEqual(width)
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what must not be there
  expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/)
})

test('colours change nothing but colours', () => {
  const options = { width: 80, now }
  const colored = terminalView(stateWith(2, 2), { ...options, color: true })
  expect(stripVTControlCharacters(colored)).toBe(terminalView(stateWith(2, 2), { ...options, color: false }))
  expect(colored).not.toContain('owned')
})

test('a low window gets the beginning of every list, and how much is missing', () => {
  const lines = terminalView(stateWith(6, 30), { width: 80, height: 24, color: false, now }).split('\n')
  expect(lines.length).toBeLessThanOrEqual(24)
  const text = lines.join('\n')
  for (const title of ['Agents', 'Needs a person', 'In progress', 'Next', 'Events']) expect(text).toContain(title)
  expect(text).toMatch(/… \d+ more/)
})

test('an empty repository says so', () => {
  const text = terminalView(stateWith(0, 0), { width: 80, color: false, now })
  expect(text).toContain('no agent is at work')
  expect(text).toContain('nothing waits')
})

test.each([
  ['abc', 3, 'abc'],
  ['abcd', 3, 'ab…'],
  ['世界人', 5, '世界…'],
  ['👩‍👩‍👧‍👦👩‍👩‍👧‍👦', 3, '👩‍👩‍👧‍👦…'],
  ['a', 0, ''],
])('%s in %i columns is %s', (text, columns, shown) => expect(cut(text, columns)).toBe(shown))
