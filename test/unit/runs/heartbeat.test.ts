/** A runner that was frozen past its lease ends its agent before it says or asks anything. */

import { expect, onTestFinished, test, vi } from 'vitest'
import type { Store } from '../../../src/db/connect.ts'
import { startHeartbeat } from '../../../src/runs/heartbeat.ts'

test('after a freeze the agent is asked to end before a statement is sent', async () => {
  const events: string[] = []
  const query = { set: () => query, where: () => query, returning: () => Promise.reject(new Error('away')) }
  const db = {
    update: () => {
      events.push('statement')
      return query
    },
  }
  let now = 0
  const heartbeat = startHeartbeat(
    { db } as unknown as Store,
    { runId: 1, epoch: 1, owner: 'me' },
    {
      everyMs: 5,
      timeoutMs: 30_000,
      onStop: (reason) => events.push(String(reason)),
      now: () => now,
    },
  )
  onTestFinished(() => heartbeat.stop())
  await expect.poll(() => events.length).toBeGreaterThan(0)
  expect(new Set(events)).toEqual(new Set(['statement']))
  expect(heartbeat.held()).toBe(true)

  events.length = 0
  now += 30_001
  expect(heartbeat.held()).toBe(false)
  await expect.poll(() => events.length).toBeGreaterThan(1)
  expect(events[0]).toBe('lease lost')
})

test.each([2 * 24 * 3_600_000, -3_600_000])(
  'the clock of the machine jumps by %i ms: the lease is held',
  async (jumpMs) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    let statements = 0
    const query = { set: () => query, where: () => query, returning: () => Promise.reject(new Error('away')) }
    const update = () => {
      statements++
      return query
    }
    const stopped: string[] = []
    const heartbeat = startHeartbeat(
      { db: { update } } as unknown as Store,
      { runId: 1, epoch: 1, owner: 'me' },
      { everyMs: 5, timeoutMs: 30_000, onStop: (reason) => stopped.push(String(reason)) },
    )
    onTestFinished(() => heartbeat.stop())
    vi.setSystemTime(Date.now() + jumpMs)
    const before = statements
    await expect.poll(() => statements).toBeGreaterThan(before + 2)
    expect(heartbeat.held()).toBe(true)
    expect(stopped).toEqual([])
  },
)
