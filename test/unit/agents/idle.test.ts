/** A silent agent is ended, one whose processes are busy or whose tool is open is not. */

import { expect, test } from 'vitest'
import { idleCheck, noteTool } from '../../../src/agents/drivers/idle.ts'

/** Plays `minutes` of silence on a clock of its own. @returns when it was ended, in ms; undefined when it was not. */
function silence(
  minutes: number,
  options: { cpuPercent?: number; inTool?: (ms: number) => boolean; speaksAt?: number },
) {
  let now = 0
  let ended: number | undefined
  const check = idleCheck(
    600_000,
    {
      lastActivity: () => (options.speaksAt !== undefined && now >= options.speaksAt ? options.speaksAt : 0),
      inTool: () => options.inTool?.(now) ?? false,
      cpuMs: () => (now * (options.cpuPercent ?? 0)) / 100,
      end: (afterMs) => {
        ended ??= afterMs
      },
    },
    () => now,
  )
  for (now = 450_000; now <= minutes * 60_000 && ended === undefined; ) now += check()
  return ended
}

test('ten minutes without a sign: ended then, and not later', () => {
  expect(silence(60, {})).toBe(600_000)
  expect(silence(60, { cpuPercent: 1 })).toBe(600_000)
})

test('a build that uses the CPU goes on; so does a tool that has not ended, until it has', () => {
  expect(silence(60, { cpuPercent: 40 })).toBeUndefined()
  expect(silence(60, { inTool: () => true })).toBeUndefined()
  expect(silence(60, { inTool: (ms) => ms < 20 * 60_000 })).toBe(20 * 60_000)
})

test('a sign of life starts the silence again', () => {
  expect(silence(60, { speaksAt: 500_000 })).toBe(600_000)
})

test('a tool is open from its first update until it has completed or failed', () => {
  const open = new Set<string>()
  const tool = (id: string, status: 'pending' | 'in_progress' | 'completed' | 'failed') =>
    noteTool(open, { kind: 'tool', id, title: '', tool: 'execute', status, paths: [] })
  tool('a', 'pending')
  tool('b', 'in_progress')
  tool('a', 'completed')
  noteTool(open, { kind: 'text', text: 'hello' })
  expect([...open]).toEqual(['b'])
  tool('b', 'failed')
  expect(open.size).toBe(0)
})
