import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { ClaimedRun } from '../../../src/db/runs.ts'
import { ClaimedWork } from '../../../src/runs/claimed-work.ts'

const log = pino({ level: 'silent' })
const claimed = { lease: { runId: 3, epoch: 1, owner: 'me' } } as ClaimedRun

test('a claim that fails fails its job, so that the queue tries it again', async () => {
  const work = new ClaimedWork(log)
  const cut = () => Promise.reject(new Error('Connection terminated unexpectedly'))
  await expect(work.begin(cut, () => Promise.resolve())).rejects.toThrow('terminated')
  expect(work.size).toBe(0)
})

test('the job is over once the run is claimed, and the work goes on', async () => {
  const work = new ClaimedWork(log)
  const end = Promise.withResolvers<void>()
  await work.begin(
    () => Promise.resolve(claimed),
    () => end.promise,
  )
  expect(work.size).toBe(1)
  end.resolve()
  await expect.poll(() => work.size).toBe(0)
})

test('a run that another process has is left to it', async () => {
  const work = new ClaimedWork(log)
  await work.begin(
    () => Promise.resolve(undefined),
    () => Promise.reject(new Error('begun all the same')),
  )
  expect(work.size).toBe(0)
})

test('a run claimed while the process ends is told to end, and waited for', async () => {
  const work = new ClaimedWork(log)
  const claim = Promise.withResolvers<ClaimedRun>()
  const reasons: unknown[] = []
  const begun = work.begin(
    () => claim.promise,
    async (_, stop) => void reasons.push(stop.signal.reason),
  )
  const closed = work.close()
  claim.resolve(claimed)
  await Promise.all([begun, closed])
  expect(reasons).toEqual(['shutdown'])
  expect(work.size).toBe(0)
})
