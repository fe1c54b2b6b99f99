import { pino } from 'pino'
import { expect, test } from 'vitest'
import { type Drainable, drainWork, whatIsLeft } from '../../../src/runs/drain.ts'

const nothing = (): Drainable => ({ size: 0, drain: async () => {} })

/** Work that ends when it is asked to. */
function some(size: number) {
  const ended = Promise.withResolvers<void>()
  const work = { size, drain: () => ended.promise }
  const end = () => {
    work.size = 0
    ended.resolve()
  }
  return { work, end }
}

function listen() {
  const lines: string[] = []
  const log = pino({}, { write: (line: string) => void lines.push(JSON.parse(line).msg) })
  return { log, lines }
}

test('nothing under way takes no time and says nothing', async () => {
  const { log, lines } = listen()
  const work = { agents: nothing(), checks: nothing(), batches: nothing() }
  expect(await drainWork(work, { seconds: 60, log })).toBe(true)
  expect(lines).toEqual([])
})

test('says what is waited for, and is done when it has ended', async () => {
  const { log, lines } = listen()
  const [agents, checks] = [some(2), some(1)]
  const drained = drainWork({ agents: agents.work, checks: checks.work, batches: nothing() }, { seconds: 60, log })
  agents.end()
  checks.end()
  expect(await drained).toBe(true)
  expect(lines).toEqual(['waiting up to 60 s for 2 agents and 1 check; a second signal ends at once'])
})

test('what takes longer than it may is named', async () => {
  const { log, lines } = listen()
  const { work } = some(1)
  expect(await drainWork({ agents: work, checks: nothing(), batches: nothing() }, { seconds: 0.01, log })).toBe(false)
  expect(lines.at(-1)).toBe('1 agent had no more time, and will be begun again')
})

test('the words', () => {
  expect(whatIsLeft({ agents: { size: 1 }, checks: { size: 2 }, batches: { size: 1 } })).toBe(
    '1 agent, 2 checks and 1 test of a batch',
  )
})
