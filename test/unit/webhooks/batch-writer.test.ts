/** Group commit: what waits is stored together, a bad row alone is refused, and no one waits for ever. */

import { pino } from 'pino'
import { expect, test, vi } from 'vitest'
import type { NewDelivery } from '../../../src/db/deliveries.ts'
import { BatchWriter, type StoreBatch } from '../../../src/webhooks/batch-writer.ts'

const log = pino({ level: 'silent' })
const delivery = (deliveryId: string, payload = '{}'): NewDelivery => ({
  deliveryId,
  event: 'issues',
  payload,
})

/** A database whose transactions end when the test says so. */
function slowStore() {
  const batches: { ids: string[]; end: (error?: Error) => void }[] = []
  const store: StoreBatch = (rows) =>
    new Promise((resolve, reject) => {
      const ids = rows.map((row) => row.deliveryId)
      batches.push({ ids, end: (error) => (error ? reject(error) : resolve(new Set(ids))) })
    })
  return { batches, store }
}

const hand = (inbox: BatchWriter, ...deliveries: NewDelivery[]) =>
  deliveries.map(
    (one) => new Promise<string>((resolve) => inbox.add(one, (error) => resolve(error ? 'failed' : 'stored'))),
  )
const nextTurn = () => new Promise((resolve) => setImmediate(resolve))

test('what arrives while a transaction is on its way forms the next one', async () => {
  const { batches, store } = slowStore()
  const onStored = vi.fn()
  const inbox = new BatchWriter({ store, log, concurrency: 1, onStored })
  const first = hand(inbox, delivery('a'), delivery('b'))
  await nextTurn()
  const second = hand(inbox, delivery('c'), delivery('d'), delivery('e'))
  await nextTurn()
  expect(batches.map(({ ids }) => ids)).toEqual([['a', 'b']])
  batches[0]?.end()
  expect(await Promise.all(first)).toEqual(['stored', 'stored'])
  await nextTurn()
  expect(batches.map(({ ids }) => ids)).toEqual([
    ['a', 'b'],
    ['c', 'd', 'e'],
  ])
  batches[1]?.end()
  expect(await Promise.all(second)).toEqual(['stored', 'stored', 'stored'])
  expect(onStored.mock.calls).toEqual([[2], [3]])
})

test('the same id twice in one batch is stored once and answered twice', async () => {
  const { batches, store } = slowStore()
  const answers = hand(new BatchWriter({ store, log, concurrency: 1 }), delivery('a'), delivery('a'))
  await nextTurn()
  expect(batches[0]?.ids).toEqual(['a'])
  batches[0]?.end()
  expect(await Promise.all(answers)).toEqual(['stored', 'stored'])
})

test('a batch has a bounded size in rows and in characters', async () => {
  const { batches, store } = slowStore()
  const inbox = new BatchWriter({ store, log, concurrency: 1 })
  const big = 'x'.repeat(3 * 1024 * 1024)
  void hand(inbox, delivery('big1', big), delivery('big2', big), delivery('big3', big))
  void hand(inbox, ...Array.from({ length: 600 }, (_, index) => delivery(`small${index}`)))
  for (let turn = 0; turn < 8; turn++) {
    await nextTurn()
    batches.at(-1)?.end()
    await nextTurn()
  }
  expect(batches.slice(0, 3).map(({ ids }) => ids[0])).toEqual(['big1', 'big2', 'big3'])
  expect(Math.max(...batches.map(({ ids }) => ids.length))).toBe(250)
  expect(batches.flatMap(({ ids }) => ids)).toHaveLength(603)
})

test('a row that the database cannot hold does not take its neighbours with it', async () => {
  const store: StoreBatch = async (rows) => {
    if (rows.some((row) => row.deliveryId === 'bad')) {
      throw new Error('failed', { cause: Object.assign(new Error('invalid byte sequence'), { code: '22021' }) })
    }
    return new Set(rows.map((row) => row.deliveryId))
  }
  const answers = hand(new BatchWriter({ store, log, concurrency: 1 }), delivery('a'), delivery('bad'), delivery('b'))
  expect(await Promise.all(answers)).toEqual(['stored', 'failed', 'stored'])
})

test('when the database is away every delivery is refused at once, and the next delivery tries again', async () => {
  let attempts = 0
  const store: StoreBatch = async (rows) => {
    if (++attempts === 1) throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
    return new Set(rows.map((row) => row.deliveryId))
  }
  const inbox = new BatchWriter({ store, log, concurrency: 2 })
  expect(await Promise.all(hand(inbox, delivery('a'), delivery('b')))).toEqual(['failed', 'failed'])
  expect(attempts).toBe(1)
  expect(await Promise.all(hand(inbox, delivery('a')))).toEqual(['stored'])
})

test('a transaction that hangs is given up, and the lane is free again', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  try {
    const { batches, store } = slowStore()
    const inbox = new BatchWriter({ store, log, concurrency: 1 })
    const [hanging] = hand(inbox, delivery('a'))
    await nextTurn()
    vi.advanceTimersByTime(20_000)
    expect(await hanging).toBe('failed')
    const [next] = hand(inbox, delivery('b'))
    await nextTurn()
    batches[1]?.end()
    expect(await next).toBe('stored')
  } finally {
    vi.useRealTimers()
  }
})
