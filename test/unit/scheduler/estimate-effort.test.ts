import { describe, expect, test } from 'vitest'
import { type EffortSample, estimateEffort, estimateSpread } from '../../../src/scheduler/estimate-effort.ts'
import { leverageValue } from '../../../src/scheduler/leverage.ts'

const question = { repository: 'o/r', module: 'auth', agentKind: 'codex', labels: [] as string[] }

function took(hours: number, rest: Partial<EffortSample> = {}): EffortSample {
  return { repository: 'o/r', module: 'auth', agentKind: 'codex', labels: [], hours, ...rest }
}

describe('an effort comes from', () => {
  const history = [
    took(1),
    took(2),
    took(30),
    took(5, { module: 'api' }),
    took(6, { module: 'api', agentKind: 'other' }),
  ]

  test('the label first; the largest of several', () => {
    const labels = ['bug', 'effort:S', 'effort:L']
    expect(estimateEffort({ ...question, labels, planned: 7 }, history)).toEqual({
      hours: 4,
      from: 'label',
      samples: 0,
    })
  })

  test('the plan, before the history', () => {
    expect(estimateEffort({ ...question, planned: 7 }, history)).toEqual({ hours: 7, from: 'plan', samples: 0 })
  })

  test('the median of the narrowest group that is large enough', () => {
    expect(estimateEffort(question, history)).toEqual({ hours: 2, from: 'similar', samples: 3 })
    expect(estimateEffort({ ...question, module: 'web' }, history)).toEqual({ hours: 3.5, from: 'similar', samples: 4 })
    expect(estimateEffort({ ...question, module: 'web', agentKind: 'gemini' }, history)).toEqual({
      hours: 5,
      from: 'similar',
      samples: 5,
    })
  })

  test('the default M without any information', () => {
    expect(estimateEffort({ ...question, repository: 'o/new' }, history)).toEqual({
      hours: 2,
      from: 'default',
      samples: 0,
    })
  })
})

test('the spread of estimates is that of their logarithms, and needs three finished items', () => {
  const off = (factor: number) => took(2 * factor, { estimate: 2 })
  expect(estimateSpread([off(2), off(0.5), took(3)])).toBeUndefined()
  expect(estimateSpread([off(2), off(0.5), off(2)])).toBeCloseTo(Math.LN2)
  expect(estimateSpread([off(1), off(1), off(1)])).toBe(0)
})

test('the shorter of two items with equal paths has more leverage; of two equal efforts, the longer path', () => {
  expect(leverageValue(10, 1)).toBeGreaterThan(leverageValue(10, 2))
  expect(leverageValue(11, 2)).toBeGreaterThan(leverageValue(10, 2))
})
