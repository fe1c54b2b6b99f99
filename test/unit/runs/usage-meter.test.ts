/** What agents tell of their use, honest or not: nothing gets less, nothing throws, and too much stops the run. */

import { pino } from 'pino'
import { describe, expect, test } from 'vitest'
import type { AgentUsage } from '../../../src/agents/drivers/agent-run.ts'
import { updateReader } from '../../../src/agents/drivers/session-updates.ts'
import { defaultSettings, type Settings } from '../../../src/config/settings.ts'
import { currencyName, millionths, money } from '../../../src/lib/money.ts'
import type { Attempt } from '../../../src/runs/context.ts'
import { type MeterLimits, meterUsage } from '../../../src/runs/usage-meter.ts'

/** Tells a meter one cost after another, as `usage_update` has them. */
function reported(costs: unknown[], limits: Partial<Settings['limits']> = {}, more: Partial<MeterLimits> = {}) {
  const heartbeat = { used: {} } as Attempt['heartbeat']
  const stops: unknown[] = []
  const context = { log: pino({ level: 'silent' }) } as Attempt['context']
  const run = { id: 1, agent: 'x' } as Attempt['run']
  const watch = meterUsage(
    { heartbeat, context, run, stop: (reason) => stops.push(reason) },
    { limits: { ...defaultSettings().limits, ...limits }, ...more },
  )
  const reader = updateReader()
  for (const cost of costs) {
    reader.read({ sessionUpdate: 'usage_update', used: 1, size: 2, cost })
    const usage = reader.usage()
    if (usage) watch(usage)
  }
  return { used: heartbeat.used, heartbeat, stops, watch }
}

const usd = (amount: unknown) => ({ amount, currency: 'USD' })

describe('a session that goes on', () => {
  const before = () => ({ inputTokens: 100, cost: { millionths: 500_000, currency: 'USD' } })
  test.each<[string, unknown[], number]>([
    ['is counted from its beginning by some agents: what was before is taken off', [usd(0.6), usd(0.9)], 400_000],
    ['is counted from where it goes on by others', [usd(0.1), usd(0.7)], 700_000],
    ['keeps to one of both', [usd(0.5), usd(0.4)], 0],
  ])('%s', (_, costs, expected) => {
    expect(reported(costs, {}, { before }).used.cost?.millionths).toBe(expected)
  })

  test('tokens, too; what was not reported before counts as it is', () => {
    const { heartbeat, watch } = reported([], {}, { before })
    watch({ inputTokens: 130, outputTokens: 7 })
    watch({ inputTokens: 150, outputTokens: 9 })
    expect(heartbeat.used).toMatchObject({ inputTokens: 50, outputTokens: 9 })
  })
})

describe('the meter', () => {
  test.each<[string, unknown[], number | undefined]>([
    ['grows with the session', [usd(0.1), usd(0.25)], 250_000],
    ['never goes down', [usd(2), usd(1)], 2_000_000],
    ['takes no negative amount', [usd(1), usd(-5)], 1_000_000],
    [
      'takes nothing for what is no number',
      [usd('7'), usd(Number.NaN), usd(Number.POSITIVE_INFINITY), 7, null],
      undefined,
    ],
    ['takes a huge amount for the most there is', [usd(1e300)], 1e15],
    ['keeps to its first currency', [usd(1), { amount: 900, currency: 'JPY' }, usd(1.5)], 1_500_000],
    ['counts what costs nothing as reported', [usd(0)], 0],
  ])('%s', (_, costs, expected) => {
    expect(reported(costs).used.cost).toEqual(
      expected === undefined ? undefined : { millionths: expected, currency: 'USD' },
    )
  })

  test('an item has a limit of its own: what its earlier runs cost counts', () => {
    const limits = { spendPerItem: 3 }
    expect(reported([usd(1)], limits, { itemSpent: 2_000_000 }).stops).toEqual([])
    expect(reported([usd(1.5)], limits, { itemSpent: 2_000_000 }).stops).toEqual([
      { cost: { millionths: 3_500_000, currency: 'USD' }, limit: 3_000_000, of: 'item' },
    ])
  })

  test('tokens without a cost are priced by the list; a reported cost wins over it; tokens have a limit', () => {
    const prices = { input: 2, output: 10, cached: 0.5 }
    const priced = { used: {} } as Attempt['heartbeat']
    const stops: unknown[] = []
    const context = { log: pino({ level: 'silent' }) } as Attempt['context']
    const run = { id: 1, agent: 'codex' } as Attempt['run']
    const all = { ...defaultSettings().limits, tokensPerRun: 1_500, spendPerRun: 0.02 }
    const meter = meterUsage(
      { heartbeat: priced, context, run, stop: (why) => stops.push(why) },
      { limits: all, prices },
    )
    meter({ inputTokens: 1_000, outputTokens: 500, cachedTokens: 2_000 })
    expect(priced).toMatchObject({ priced: true, used: { cost: { millionths: 8_000, currency: 'USD' } } })
    expect(stops).toEqual([])
    meter({ inputTokens: 1_001, outputTokens: 500 })
    expect(stops).toEqual([{ tokens: 1_501, limit: 1_500 }])
    expect(reported([usd(1)], {}, { prices }).used.cost).toEqual({ millionths: 1_000_000, currency: 'USD' })
  })

  test('stops a run past its limit, not at it, and only in the currency of the limit', () => {
    expect(reported([usd(1)], { spendPerRun: 1 }).stops).toEqual([])
    expect(reported([usd(1.000001)], { spendPerRun: 1 }).stops).toEqual([
      { cost: { millionths: 1_000_001, currency: 'USD' }, limit: 1_000_000 },
    ])
    expect(reported([usd(5)], { spendPerRun: 1, currency: 'EUR' }).stops).toEqual([])
    expect(reported([usd(5)]).stops).toEqual([])
  })

  test('keeps tokens apart, and says nothing new where nothing is new', () => {
    const { watch, used } = reported([])
    watch({ contextUsed: 5, contextSize: 10 } satisfies AgentUsage)
    expect(used).toEqual({})
    const heartbeat = { used: {} } as Attempt['heartbeat']
    const again = meterUsage(
      { heartbeat, stop: () => {}, context: {} as Attempt['context'], run: {} as Attempt['run'] },
      { limits: defaultSettings().limits },
    )
    again({ inputTokens: 10, outputTokens: 5 })
    const before = heartbeat.used
    again({ inputTokens: 9 })
    expect(heartbeat.used).toBe(before)
    again({ inputTokens: 11, cachedTokens: 3 })
    expect(heartbeat.used).toEqual({ inputTokens: 11, outputTokens: 5, cachedTokens: 3 })
  })

  test('a cost counts where the rest of the update is wrong', () => {
    const reader = updateReader()
    expect(reader.read({ sessionUpdate: 'usage_update', used: -1, size: 'x', cost: usd(3) })).toBeUndefined()
    expect(reader.usage()).toEqual({ cost: { amount: 3, currency: 'USD' } })
  })
})

test('money for people', () => {
  expect([1_500_000, 0, 1_234, 10_000].map((amount) => money(amount, 'USD'))).toEqual([
    '1.50 USD',
    '0.00 USD',
    '0.0012 USD',
    '0.01 USD',
  ])
  expect([0.1 + 0.2, -1, Number.NaN].map(millionths)).toEqual([300_000, undefined, undefined])
  expect([' usd ', '`@all`', '', 'credits'].map(currencyName)).toEqual(['USD', 'ALL', 'USD', 'CREDITS'])
})
