/** The gardener's report, and what the scheduler gets of the rows: pure. */

import { describe, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { defaultSettings, type Settings } from '../../../src/config/settings.ts'
import type { DependencyRow } from '../../../src/db/dependencies.ts'
import type { RepositoryRow } from '../../../src/db/repositories.ts'
import type { ItemRow } from '../../../src/db/work-items.ts'
import { backlogHealthReport } from '../../../src/messages/backlog-health.ts'
import { Backlog } from '../../../src/scheduling/backlog-snapshot.ts'
import { History } from '../../../src/scheduling/history.ts'
import { snapshotOf } from '../../../src/scheduling/to-snapshot.ts'
import { backlogHealth } from '../../../src/work-items/health.ts'

const env = readEnv({})
const now = new Date('2026-11-21T12:00:00Z')
const daysAgo = (days: number) => new Date(now.getTime() - days * 24 * 3_600_000)

const repo = (id: number, settings: Partial<Settings> = {}) =>
  ({ id, fullName: `Acme/App${id}`, state: 'active', settings: { ...defaultSettings(), ...settings } }) as RepositoryRow

function item(issueNumber: number, rest: Partial<ItemRow> = {}): ItemRow {
  const usual = {
    repositoryId: 1,
    title: `Item ${issueNumber}`,
    state: 'ready',
    kind: 'task',
    labels: [],
    priority: 2,
    effort: null,
  }
  const times = { createdAt: daysAgo(30), updatedAt: daysAgo(1), notBefore: null, plannedHours: null }
  return { id: issueNumber, issueNumber, ...usual, ...times, ...rest } as unknown as ItemRow
}

function edge(dependentId: number, issueNumber: number, rest: Partial<DependencyRow> = {}): DependencyRow {
  const usual = { repository: 'acme/app1', source: 'body' as const, blocker: 'open' as const, position: 0, heading: '' }
  return { id: 0, dependentId, issueNumber, ...usual, ...rest }
}

interface Given {
  repos?: Map<number, RepositoryRow>
  finished?: ItemRow[]
  edges?: DependencyRow[]
  footprints?: Backlog['footprints']
  openPulls?: ReadonlySet<number>
  runs?: Backlog['runs']
}

function known(items: ItemRow[], given: Given = {}): Backlog {
  const repos = new Map([
    [1, repo(1)],
    [2, repo(2)],
  ])
  const rows = new Backlog(given.repos ?? repos)
  const { finished = [], edges = [], footprints = new Map(), openPulls = new Set() } = given
  rows.replace(
    items.map(({ id }) => id),
    { items, finished, edges, footprints, openPulls },
  )
  rows.runs = given.runs ?? []
  return rows
}

/** The same, of other systems. */
function among(rows: Backlog, repos: Map<number, RepositoryRow>): Backlog {
  return known([...rows.items.values()], { repos, footprints: rows.footprints })
}

const snapshot = (rows: Backlog) =>
  snapshotOf(rows, { env, history: new History(), freeMemory: 2 ** 33, plan: undefined, now })

describe('health', () => {
  test('what waits for another issue is not stale; epics are no issues; other repositories count for themselves', () => {
    const rows = known(
      [
        item(1, { state: 'held', updatedAt: daysAgo(15) }),
        item(2, { updatedAt: daysAgo(99) }),
        item(3, { updatedAt: daysAgo(13) }),
        item(4, { kind: 'epic', updatedAt: daysAgo(99) }),
        item(5, { repositoryId: 2, updatedAt: daysAgo(99) }),
      ],
      { edges: [edge(2, 1)] },
    )
    expect(backlogHealth(rows, repo(1), env, now)).toEqual({
      issues: 3,
      available_for_work: 1,
      blocked: 1,
      stale: [{ issue: 1, title: 'Item 1', state: 'held', days: 15 }],
      cycles: [],
      orphans: [],
    })
    expect(backlogHealth(rows, repo(2), env, now)).toMatchObject({ issues: 1, stale: [{ issue: 5 }] })
  })

  test('an orphan is part of no roadmap while there is one here, or waits for what is not there', () => {
    const edges = [edge(9, 1, { source: 'sub-issue' }), edge(2, 77, { blocker: 'missing' })]
    const rows = known([item(1), item(2), item(3), item(9, { kind: 'epic' }), item(5, { repositoryId: 2 })], { edges })
    expect(backlogHealth(rows, repo(1), env, now).orphans).toEqual([
      { issue: 2, title: 'Item 2', why: 'waits for #77, which is not there or cannot be read' },
      { issue: 3, title: 'Item 3', why: 'is part of no roadmap' },
    ])
    expect(backlogHealth(rows, repo(2), env, now).orphans).toEqual([])
  })

  test('the words are for people: at most ten rows of a kind, titles quiet', () => {
    const stale = Array.from({ length: 12 }, (_, at) => ({
      issue: at,
      title: '@all `x`',
      state: 'held' as const,
      days: 20,
    }))
    const health = { issues: 12, available_for_work: 0, blocked: 0, stale, cycles: [['#1', '#2']], orphans: [] }
    const text = backlogHealthReport(health, ['acme/app1#7', 'other/lib#8'], 'Acme/App1')
    expect(text).toContain('12 issues · 0 available for work · 0 blocked · 12 stale · 1 circular dependency.')
    expect(text).toContain('Nothing waits for #7, other/lib#8 any more: they are closed.')
    expect(text).toContain('- #0 @<!-- -->all `x`: held, no change for 20 days')
    expect(text).toContain('and 2 more')
    expect(text).toContain('- #1 → #2 → #1')
  })
})

describe('the snapshot', () => {
  test('a ready item whose pull request is open was sent back', () => {
    const rows = known([item(1), item(2), item(3, { state: 'held' })], { openPulls: new Set([1, 3]) })
    expect(snapshot(rows).items.map(({ sentBack }) => sentBack)).toEqual([true, undefined, undefined])
  })

  test('footprints: declared for the module, planned and seen; nothing for what only reads', () => {
    const modules = { auth: { paths: ['src/auth/'] } }
    const rows = known(
      [
        item(1, { labels: ['module:Auth'] }),
        item(2, { labels: ['module:auth'], state: 'planning' }),
        item(3, { kind: 'epic' }),
        item(4, { state: 'reviewing', labels: ['module:auth'] }),
        item(5, { state: 'reviewing' }),
      ],
      {
        repos: new Map([[1, repo(1, { modules })]]),
        footprints: new Map([
          [1, { plan: ['docs/a.md'], observed: ['b.txt'] }],
          [4, { plan: [], observed: ['src/auth/x.ts'] }],
        ]),
      },
    )
    const { items, runs } = snapshot(rows)
    expect(items.map(({ footprint }) => footprint).slice(0, 3)).toEqual([
      ['src/auth/', 'docs/a.md', 'b.txt'],
      'nothing',
      'nothing',
    ])
    // What it changed and no more; of what no one knows nothing is kept.
    expect(runs).toEqual([expect.objectContaining({ item: '4', footprint: ['src/auth/x.ts'], agent: false })])
    const letsGo = repo(1, { schedule: { ...defaultSettings().schedule, reviewHolds: false } })
    expect(snapshot(among(rows, new Map([[1, letsGo]]))).runs).toEqual([])
  })

  test('a module has its own agent; settings of an older version have no modules and no schedule', () => {
    const modules = { web: { paths: [], agent: 'codex' } }
    const rows = known([item(1, { labels: ['module:web'] }), item(2)], {
      repos: new Map([[1, repo(1, { modules, agent: 'gemini' })]]),
    })
    expect(snapshot(rows).items.map(({ agentKind }) => agentKind)).toEqual(['codex', 'gemini'])
    const old = { ...repo(1), settings: { limits: { agents: 3 } } } as RepositoryRow
    expect(snapshot(among(rows, new Map([[1, old]]))).repos?.['Acme/App1']).toMatchObject({
      cap: 3,
      weight: 1,
    })
  })

  test('a skipped blocker is in it, one that was done and opened again is an open issue', () => {
    const finished = [item(7, { state: 'skipped' }), item(8, { state: 'done' })]
    const { items, edges } = snapshot(
      known([item(1)], { finished, edges: [edge(1, 7), edge(1, 8), edge(1, 9, { blocker: 'closed' })] }),
    )
    expect(items.map(({ id, state }) => [id, state])).toEqual([
      ['1', 'ready'],
      ['7', 'skipped'],
    ])
    expect(edges.map(({ blocker }) => blocker)).toEqual([
      { kind: 'item', id: '7' },
      { kind: 'outside', reference: 'acme/app1#8', state: 'open' },
    ])
  })

  test('an agent that has just begun has taken no memory yet', () => {
    const run = (startedAt: Date | null) =>
      ({ agent: 'codex', purpose: 'build', startedAt }) as Backlog['runs'][number]['run']
    const at = (ms: number) => new Date(now.getTime() - ms)
    const runs = [null, at(2_000), at(60_000)].map((startedAt, id) => ({
      run: run(startedAt),
      item: item(id + 1, { state: 'running' }),
    }))
    expect(
      snapshot(
        known(
          runs.map(({ item }) => item),
          { runs },
        ),
      ).runs.map(({ memoryUsed }) => memoryUsed),
    ).toEqual([0, 0, undefined])
  })
})
