import { expect, test } from 'vitest'
import { memoryOfKinds } from '../../../src/scheduling/memory-of-kinds.ts'

test('nine in ten runs fit, and a tenth more; kinds with fewer than three runs are left to the setting', () => {
  const ten = [100, 110, 120, 130, 140, 150, 160, 170, 180, 900]
  const needs = memoryOfKinds(
    new Map([
      ['codex', ten],
      ['gemini', [500, 600]],
      ['opencode', [10, 30, 20]],
    ]),
  )
  expect(needs).toEqual({ codex: 198, opencode: 33 })
})
