import { afterAll, beforeAll, expect, it } from 'vitest'
import { getDelivery, storeDeliveries } from '../../../src/db/deliveries.ts'
import { textArray } from '../../../src/db/text-array.ts'
import { openTestStore, type TestStore } from '../../support/test-store.ts'

let test: TestStore
beforeAll(async () => {
  test = await openTestStore()
})
afterAll(() => test.close())

it('has the binary format of Postgres arrays', () => {
  const head = '00000001 00000000 00000019 00000002 00000001'
  const values = '00000003 61c3a9 00000000'
  expect(textArray([Buffer.from('aé'), '']).toString('hex')).toBe(`${head} ${values}`.replaceAll(' ', ''))
})

it('stores deliveries with any text, each once', async () => {
  const payloads = [
    '{"a":"quote \\" brace } comma , backslash \\\\ NULL"}',
    '{"é":"名 🎵"}',
    '{}',
    `{"x":"${'y'.repeat(300_000)}"}`,
  ]
  const rows = payloads.map((text, index) => ({ deliveryId: `id-${index}`, event: 'push', payload: Buffer.from(text) }))
  expect(await storeDeliveries(test.store, rows.slice(1))).toEqual(new Set(['id-1', 'id-2', 'id-3']))
  expect(await storeDeliveries(test.store, rows)).toEqual(new Set(['id-0']))
  expect(await storeDeliveries(test.store, rows)).toEqual(new Set())
  for (const [index, payload] of payloads.entries()) {
    expect(await getDelivery(test.store.db, `id-${index}`)).toMatchObject({ event: 'push', state: 'stored', payload })
  }
})
