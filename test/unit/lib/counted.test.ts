import { expect, test } from 'vitest'
import { counted } from '../../../src/lib/counted.ts'

test('a number agrees with its noun', () => {
  expect([0, 1, 2].map((count) => counted(count, 'line'))).toEqual(['0 lines', '1 line', '2 lines'])
  expect(counted(2, 'delivery', 'deliveries')).toBe('2 deliveries')
})
