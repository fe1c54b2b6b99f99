import { pino } from 'pino'
import { expect, test } from 'vitest'
import type { ClaimedRun } from '../../../src/db/runs.ts'
import { ClaimedWork } from '../../../src/runs/claimed-work.ts'

const log = pino({ level: 'silent' })
const claimedRun = (runId: number, workItemId = 7) =>
  ({ lease: { runId, epoch: 1, owner: 'me' }, run: { id: runId, workItemId } }) as ClaimedRun
const claimed = claimedRun(3)

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

test('a run claimed while the process ends is asked to end, and waited for', async () => {
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

test('a run of an item waits until an earlier one of it has ended in this process; others do not wait', async () => {
  const work = new ClaimedWork(log)
  const end = Promise.withResolvers<void>()
  const begun: number[] = []
  const begin = (run: ClaimedRun, until: Promise<void>) =>
    work.begin(
      () => Promise.resolve(run),
      ({ lease }) => {
        begun.push(lease.runId)
        return until
      },
    )
  await begin(claimedRun(3), end.promise)
  await begin(claimedRun(4), Promise.resolve())
  await begin(claimedRun(5, 8), Promise.resolve())
  await expect.poll(() => work.size).toBe(2)
  expect(begun).toEqual([3, 5])
  end.resolve()
  await expect.poll(() => work.size).toBe(0)
  expect(begun).toEqual([3, 5, 4])
})

test('draining lets what was begun end by itself, and refuses the rest; a close ends it', async () => {
  const work = new ClaimedWork(log)
  const end = Promise.withResolvers<void>()
  const reasons: unknown[] = []
  const until = async (_: ClaimedRun, stop: AbortController) => {
    stop.signal.addEventListener('abort', () => reasons.push(stop.signal.reason))
    await end.promise
  }
  await work.begin(() => Promise.resolve(claimedRun(3)), until)
  let drained = false
  const draining = work.drain().then(() => {
    drained = true
  })
  await expect.poll(() => work.closing).toBe(true)
  expect([drained, work.size, reasons]).toEqual([false, 1, []])
  const closed = work.close()
  await expect.poll(() => reasons).toEqual(['shutdown'])
  end.resolve()
  await Promise.all([draining, closed])
  expect([drained, work.size]).toEqual([true, 0])
})
