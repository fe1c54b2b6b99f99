/** What a full disk explains, and what it does not. */

import { expect, test, vi } from 'vitest'
import { RetryAfter } from '../../../src/lib/errors.ts'
import { laterWithoutRoom, noRoomLeft, unlessDiskIsFull } from '../../../src/runs/full-disk.ts'
import type { AttemptEnd } from '../../../src/runs/outcomes.ts'

const disk = vi.hoisted(() => ({ free: 0 }))
vi.mock('node:fs/promises', async (actual) => ({
  ...(await actual<typeof import('node:fs/promises')>()),
  statfs: async () => ({ bavail: disk.free / 4_096, bsize: 4_096 }),
}))
const said: unknown[] = []
const context = { env: { dataDirectory: '/data' }, log: { error: (_: object, text: string) => void said.push(text) } }
const place = context as unknown as Parameters<typeof unlessDiskIsFull>[0]
const judged = (ending: AttemptEnd, free: number) => {
  disk.free = free
  return unlessDiskIsFull(place, ending)
}
const end = (outcome: string) => ({ outcome, summary: 'as it was' }) as AttemptEnd
const room = 2 ** 30

test.each(['crashed', 'no change', 'workspace failed', 'unfinished turn', 'no plan'])(
  '%s comes from it, where the disk is full',
  async (outcome) => {
    expect(await judged(end(outcome), 2 ** 20)).toBe(noRoomLeft)
    expect(said).toContain('the disk is full: work waits until there is room')
    expect(await judged(end(outcome), room)).toEqual(end(outcome))
  },
)

test.each([
  ...['finished', 'planned', 'reviewed', 'asked', 'stopped', 'rate limited', 'over its spend limit'],
  ...['agent not logged in', 'secret in the change', 'over its disk limit'],
])('%s does not', async (outcome) => {
  expect(await judged(end(outcome), 0)).toEqual(end(outcome))
})

test('what has failed there and is no attempt is judged again after some seconds', async () => {
  disk.free = 2 ** 20
  const thrown = await laterWithoutRoom(place).catch((error: unknown) => error)
  expect(thrown).toBeInstanceOf(RetryAfter)
  const waitMs = (thrown as RetryAfter).until.getTime() - Date.now()
  expect(waitMs).toBeGreaterThan(5_000)
  expect(waitMs).toBeLessThan(60_000)
  disk.free = room
  await laterWithoutRoom(place)
})
