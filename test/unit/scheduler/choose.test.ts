import { describe, expect, test } from 'vitest'
import { choose } from '../../../src/scheduler/choose.ts'
import type { Decision } from '../../../src/scheduler/decision.ts'
import type { Snapshot } from '../../../src/scheduler/types.ts'
import { dependsOn, item, run, snapshot } from '../../support/schedule-build.ts'

function started(given: Snapshot): number[] {
  return choose(given)
    .filter((decision) => decision.action === 'start')
    .map((decision) => decision.item.number)
}

function why(given: Snapshot, number: number): Decision['reasons'] {
  const decision = choose(given).find((one) => one.item.number === number)
  if (!decision) throw new Error(`no decision about ${number}`)
  return decision.reasons
}

describe('dependencies', () => {
  test('an item waits for its blocker and starts once the blocker is done', () => {
    const edges = [dependsOn(2, 1)]
    expect(started(snapshot({ items: [item(1), item(2)], edges }))).toEqual([1])
    expect(started(snapshot({ items: [item(1, { state: 'done' }), item(2)], edges }))).toEqual([2])
  })

  test('the reason contains the blocker and every source of the dependency', () => {
    const edges = [dependsOn(2, 1, 'native'), dependsOn(2, 1, 'body')]
    expect(why(snapshot({ items: [item(1), item(2)], edges }), 2)).toEqual([
      {
        kind: 'blocked',
        by: { id: 'o/r#1', repository: 'o/r', number: 1 },
        state: 'ready',
        sources: ['body', 'native'],
      },
    ])
  })

  test('only the items of a cycle wait, and the reason contains every edge of the cycle', () => {
    const edges = [dependsOn(1, 2), dependsOn(2, 3), dependsOn(3, 1), dependsOn(4, 3), dependsOn(5, 6)]
    const given = snapshot({ items: [1, 2, 3, 4, 5, 6].map((number) => item(number)), edges })
    expect(started(given)).toEqual([6])
    expect(why(given, 1)).toEqual([
      {
        kind: 'cycle',
        edges: edges.slice(0, 3),
        items: [1, 2, 3].map((n) => ({ id: `o/r#${n}`, repository: 'o/r', number: n })),
      },
    ])
    expect(why(given, 4)).toMatchObject([{ kind: 'blocked', by: { number: 3 } }])
  })

  test.each([
    ['skipped', {}, [2]],
    ['skipped', { skipped: 'hold' }, []],
    ['cancelled', {}, []],
    ['cancelled', { cancelled: 'release' }, [2]],
  ] as const)('a %s blocker under the rules %o', (state, rules, expected) => {
    expect(started(snapshot({ items: [item(1, { state }), item(2)], edges: [dependsOn(2, 1)], rules }))).toEqual(
      expected,
    )
  })

  test.each([
    ['open', {}, []],
    ['closed', {}, [1]],
    ['unknown', {}, []],
    ['unknown', { unknownBlocker: 'release' }, [1]],
  ] as const)('an outside issue that is %s under the rules %o', (state, rules, expected) => {
    const blocker = { kind: 'outside', reference: 'else/where#9', state } as const
    expect(started(snapshot({ items: [item(1)], edges: [{ item: 'o/r#1', blocker, source: 'body' }], rules }))).toEqual(
      expected,
    )
  })
})

describe('footprints', () => {
  test('two items that touch the same files do not start together', () => {
    const items = [
      item(1, { footprint: ['src/auth'] }),
      item(2, { footprint: ['src/**/login.ts'] }),
      item(3, { footprint: ['docs'] }),
    ]
    expect(started(snapshot({ items }))).toEqual([1, 3])
    expect(why(snapshot({ items }), 2)).toMatchObject([
      {
        kind: 'conflict',
        with: { number: 1 },
        stage: 'starting',
        overlaps: [{ mine: 'src/**/login.ts', theirs: 'src/auth' }],
      },
    ])
  })

  test('a branch in review locks its paths and uses no agent', () => {
    const runs = [run(1, { footprint: ['src'], agent: false })]
    const items = [item(1, { state: 'reviewing' }), item(2, { footprint: ['src/a.ts'] }), item(3)]
    expect(started(snapshot({ items, runs, caps: { total: 1 } }))).toEqual([3])
  })

  test('the same paths in another repository do not matter', () => {
    const items = [
      item(1, { footprint: ['src'] }),
      item(2, { footprint: ['src'], repository: 'o/other', id: 'o/other#2' }),
    ]
    expect(started(snapshot({ items }))).toEqual([1, 2])
  })

  test('an item with an unknown footprint runs alone if the rules say so', () => {
    const items = [item(1), item(2, { footprint: ['src'] })]
    expect(started(snapshot({ items }))).toEqual([1, 2])
    expect(started(snapshot({ items, rules: { unknownFootprint: 'exclusive' } }))).toEqual([1])
  })
})

describe('limits', () => {
  const items = [item(1), item(2), item(3, { agentKind: 'other' })]

  test('agents at once: in total, in the repository, of a kind', () => {
    expect(started(snapshot({ items, caps: { total: 2 } }))).toEqual([1, 2])
    expect(started(snapshot({ items, caps: { perRepository: 1 } }))).toEqual([1])
    expect(started(snapshot({ items, caps: { perAgentKind: { scripted: 1 } } }))).toEqual([1, 3])
    expect(started(snapshot({ items, caps: { total: 2 }, runs: [run(9)] }))).toEqual([1])
    const repos = { 'o/r': { singletons: ['scripted'] } }
    expect(started(snapshot({ items, repos }))).toEqual([1, 3])
    expect(started(snapshot({ items, repos, runs: [run(9)] }))).toEqual([3])
    expect(started(snapshot({ items, repos: { 'o/r2': { singletons: ['scripted'] } } }))).toEqual([1, 2, 3])
    expect(started(snapshot({ items, repos: { 'o/r': { mode: 'sequential' } } }))).toEqual([1])
  })

  test('memory that started agents may still use is not free', () => {
    const memory = { free: 10, floor: 1, perAgent: 4 }
    expect(started(snapshot({ items, memory }))).toEqual([1, 2])
    expect(started(snapshot({ items, memory, runs: [run(9, { memoryUsed: 1 })] }))).toEqual([1])
    expect(started(snapshot({ items, memory, runs: [run(9)] }))).toEqual([1, 2])
    expect(why(snapshot({ items, memory }), 3)).toMatchObject([
      { kind: 'memory', needed: 4, available: 1 },
      { kind: 'outranked' },
    ])
  })

  test('money is reserved before a start', () => {
    const budget = { left: 5, perRun: 2 }
    expect(started(snapshot({ items, budget }))).toEqual([1, 2])
    expect(started(snapshot({ items, budget, runs: [run(9, { reserved: 2 })] }))).toEqual([1])
    expect(started(snapshot({ items, budget: { perRun: 2 }, repos: { 'o/r': { budgetLeft: 3 } } }))).toEqual([1])
  })

  test('a repository has its own costs and currency: its spending reduces no budget in another currency', () => {
    const budget = { left: 3, perRun: 2, currency: 'USD' }
    const own = { budgetLeft: 9, perRun: 4, perRunOfKind: { rare: 9 } }
    expect(started(snapshot({ items, repos: { 'o/r': own } }))).toEqual([1, 2])
    expect(started(snapshot({ items, budget, repos: { 'o/r': own } }))).toEqual([])
    const abroad = { ...own, currency: 'EUR' }
    expect(started(snapshot({ items, budget, repos: { 'o/r': abroad } }))).toEqual([1, 2])
    const elsewhere = run(9, { reserved: 6 })
    expect(started(snapshot({ items, budget, runs: [elsewhere], repos: { 'o/r': abroad } }))).toEqual([])
    expect(started(snapshot({ items, budget: { ...budget, left: 0 }, repos: { 'o/r': abroad } }))).toEqual([])
  })

  test('a paused repository starts no item, the others continue', () => {
    const all = [...items, item(4, { repository: 'o/other', id: 'o/other#4' })]
    const repos = { 'o/r': { paused: true, pausedBecause: 'release day' } }
    expect(started(snapshot({ items: all, repos }))).toEqual([4])
    expect(why(snapshot({ items: all, repos }), 1)).toEqual([
      { kind: 'paused', repository: 'o/r', because: 'release day' },
    ])
  })
})

describe('order', () => {
  test('the item at the start of the longest path goes first', () => {
    const items = [item(1), item(2), item(3), item(4)]
    expect(started(snapshot({ items, edges: [dependsOn(4, 3)], caps: { total: 1 } }))).toEqual([3])
  })

  test('the blockers of an urgent item are urgent, too', () => {
    const items = [item(1, { effort: 8 }), item(2), item(3, { priority: 0 })]
    expect(started(snapshot({ items, edges: [dependsOn(3, 2)], caps: { total: 1 } }))).toEqual([2])
  })

  test('experience breaks ties, then age', () => {
    const caps = { total: 1 }
    expect(started(snapshot({ items: [item(1), item(2, { experience: 0.5 })], caps }))).toEqual([2])
    expect(started(snapshot({ items: [item(1, { since: 5 }), item(2, { since: 4 })], caps }))).toEqual([2])
  })

  test('the leverage doubles with the hours of waiting that the rules set', () => {
    const day = 24 * 3_600_000
    const items = [item(1, { priority: 2, since: 10 * day }), item(2, { priority: 3, since: 0 })]
    const caps = { total: 1 }
    expect(started(snapshot({ items, caps }))).toEqual([1])
    expect(started(snapshot({ items, caps, rules: { ageingHours: 24 } }))).toEqual([2])
  })

  test('the repository with fewer agents goes first, then the one with fewer hours', () => {
    const other = { repository: 'o/other' }
    const items = [item(1), item(2), item(3, { ...other, id: 'o/other#3', priority: 3 })]
    expect(started(snapshot({ items, caps: { total: 2 } }))).toEqual([1, 3])
    expect(started(snapshot({ items, caps: { total: 2 }, rules: { fairness: 'none' } }))).toEqual([1, 2])
    const repos = { 'o/r': { hoursUsed: 3 } }
    expect(started(snapshot({ items, caps: { total: 1 }, repos }))).toEqual([3])
    expect(why(snapshot({ items, caps: { total: 1 }, repos }), 1)).toMatchObject([
      { kind: 'cap' },
      { kind: 'turn', repository: 'o/other' },
    ])
  })
})

describe('work that was sent back', () => {
  const files = { footprint: ['src'] }
  const sentBack = { ...files, sentBack: true, since: 9 }

  test('goes before new work of any rank and plan, and says so', () => {
    const items = [item(1, { ...files, priority: 0 }), item(2, sentBack), item(3, { priority: 0 })]
    const given = snapshot({ items, caps: { total: 1 }, plan: { order: ['o/r#1', 'o/r#3'], makespan: 9 } })
    expect(started(given)).toEqual([2])
    expect(why(given, 2)).toEqual([{ kind: 'chosen', by: 'review' }])
    expect(why(given, 3)).toMatchObject([{ kind: 'cap' }, { kind: 'outranked', by: [{ number: 2 }] }])
  })

  test('is not stopped by other branches in review, since it was one; new work is', () => {
    const runs = [run(1, { ...files, agent: false })]
    const given = snapshot({ items: [item(1, { state: 'reviewing' }), item(2, sentBack), item(3, files)], runs })
    expect(started(given)).toEqual([2])
    expect(why(given, 3)).toMatchObject([{ with: { number: 1 } }, { with: { number: 2 }, stage: 'starting' }])
  })

  test('waits for an agent that works on its files, and says that it is next', () => {
    const runs = [run(1, files)]
    const given = snapshot({ items: [item(1, { state: 'running' }), item(2, sentBack)], runs })
    expect(why(given, 2)).toMatchObject([{ kind: 'conflict', stage: 'running' }, { kind: 'sent-back' }])
  })
})

test('an item with a run is never started a second time', () => {
  expect(choose(snapshot({ items: [item(1)], runs: [run(1)] }))).toEqual([])
})
