/** The invariants of every set of decisions, checked without the scheduler's own state. */
import { expect, test } from 'vitest'
import { rankSentence, reasonsText } from '../../../src/messages/decisions.ts'
import { choose } from '../../../src/scheduler/choose.ts'
import type { Decision } from '../../../src/scheduler/decision.ts'
import { conflictMatrix } from '../../../src/scheduler/footprints.ts'
import type { Edge, Item, Snapshot } from '../../../src/scheduler/types.ts'
import { Model } from '../../support/random-backlog.ts'

/** The whole explanation, as `/why` shows it. */
const explain = (decision: Decision) => `${reasonsText(decision)} ${rankSentence(decision)}`

const SEEDS = Array.from({ length: 60 }, (_, seed) => 1000 + seed)

function holds(edge: Edge, snapshot: Snapshot): boolean {
  const { rules = {} } = snapshot
  const { blocker } = edge
  if (blocker.kind === 'outside' && blocker.state !== 'unknown') return blocker.state === 'open'
  const state = blocker.kind === 'item' ? snapshot.items.find((item) => item.id === blocker.id)?.state : undefined
  if (state === undefined) return rules.unknownBlocker !== 'release'
  const repository = snapshot.items.find((item) => item.id === edge.item)?.repository ?? ''
  const own = { ...rules, ...rules.repositories?.[repository] }
  if (state === 'skipped') return own.skipped === 'hold'
  if (state === 'cancelled') return own.cancelled !== 'release'
  return state !== 'done'
}

function checkStarts(snapshot: Snapshot, starts: Item[]): void {
  const { caps = {}, memory, budget, repos = {}, runs } = snapshot
  const agents = runs.filter((run) => run.agent !== false)
  for (const item of starts) {
    expect(item.state).toBe('ready')
    expect(snapshot.edges.some((edge) => edge.item === item.id && holds(edge, snapshot))).toBe(false)
    expect(runs.some((run) => run.item === item.id)).toBe(false)
    expect(repos[item.repository]?.paused ?? false).toBe(false)
    const here = [...agents, ...starts].filter((one) => one.repository === item.repository)
    expect(here.length).toBeLessThanOrEqual(caps.perRepository ?? Number.POSITIVE_INFINITY)
    if (repos[item.repository]?.mode === 'sequential') expect(here).toHaveLength(1)
    if (repos[item.repository]?.singletons?.includes(item.agentKind))
      expect(here.filter(({ agentKind }) => agentKind === item.agentKind)).toHaveLength(1)
    const kind = [...agents, ...starts].filter((one) => one.agentKind === item.agentKind)
    expect(kind.length).toBeLessThanOrEqual(caps.perAgentKind?.[item.agentKind] ?? Number.POSITIVE_INFINITY)
  }
  if (starts.length === 0) return
  expect(agents.length + starts.length).toBeLessThanOrEqual(caps.total ?? Number.POSITIVE_INFINITY)
  if (memory) {
    const owed = agents.reduce(
      (sum, run) => sum + Math.max(0, memory.perAgent - (run.memoryUsed ?? memory.perAgent)),
      0,
    )
    expect(starts.length * memory.perAgent + owed).toBeLessThanOrEqual(memory.free - memory.floor)
  }
  if (budget?.left !== undefined) {
    const reserved = runs.reduce((sum, run) => sum + (run.reserved ?? 0), 0)
    expect(starts.length * budget.perRun + reserved).toBeLessThanOrEqual(budget.left)
  }
  const touching = [...runs.map((run) => ({ ...run, id: run.item })), ...starts]
  const started = new Map(starts.map((item) => [item.id, item]))
  const inReview = new Set(runs.filter((run) => run.agent === false).map((run) => run.item))
  // What was sent back is a branch in review itself: others in review do not stop it.
  const allowed = (one: string, other: string) => started.get(one)?.sentBack === true && inReview.has(other)
  const conflicts = conflictMatrix(touching).filter(
    ({ a, b }) => (started.has(a) || started.has(b)) && !allowed(a, b) && !allowed(b, a),
  )
  expect(conflicts).toEqual([])
}

/** Where something that was sent back could start and does not, nothing new of its repository and kind starts. */
function checkSentBackFirst(starts: Item[], waiting: { item: Item; decision: Decision }[]): void {
  const limits = ['cap', 'memory', 'budget', 'outranked', 'turn', 'sent-back']
  for (const { item, decision } of waiting) {
    if (!item.sentBack || !decision.reasons.every(({ kind }) => limits.includes(kind))) continue
    const rivals = starts.filter(
      ({ repository, agentKind }) => repository === item.repository && agentKind === item.agentKind,
    )
    expect(
      rivals.filter((rival) => !rival.sentBack),
      explain(decision),
    ).toEqual([])
  }
}

test.each(SEEDS)('seed %i', (seed) => {
  const model = new Model(seed, 20)
  for (let step = 0; step < 12; step++) {
    model.take(model.event())
    const snapshot = model.snapshot()
    const decisions = choose(snapshot)
    const byId = new Map(snapshot.items.map((item) => [item.id, item]))
    const starts = decisions.filter(({ action }) => action === 'start').flatMap(({ item }) => byId.get(item.id) ?? [])
    checkStarts(snapshot, starts)
    const waiting = decisions
      .filter(({ action }) => action === 'wait')
      .flatMap((decision) => {
        const item = byId.get(decision.item.id)
        return item ? [{ item, decision }] : []
      })
    checkSentBackFirst(starts, waiting)

    const over = ['done', 'skipped', 'cancelled']
    const runs = new Set(snapshot.runs.map((run) => run.item))
    const wanted = snapshot.items.filter((item) => !over.includes(item.state) && !runs.has(item.id))
    expect(decisions.map(({ item }) => item.id).sort()).toEqual(wanted.map((item) => item.id).sort())
    for (const decision of decisions) {
      expect(decision.reasons.length, explain(decision)).toBeGreaterThan(0)
      expect(JSON.parse(JSON.stringify(decision)) as Decision).toEqual(decision)
      expect(explain(decision)).not.toMatch(/undefined|NaN|\[object/)
    }
    expect(choose(snapshot)).toEqual(decisions)
  }
})
