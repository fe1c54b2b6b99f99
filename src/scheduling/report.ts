/** What a round of decisions means for each repository, as people and programs ask for it later. */

import type { ItemRow } from '../db/work-items.ts'
import { activeStates } from '../domain/lifecycle.ts'
import type { IssueConflict, ScheduleReport } from '../domain/schedule-report.ts'
import { reasonList } from '../messages/decisions.ts'
import { Admission } from '../scheduler/admission.ts'
import { concurrencyMode } from '../scheduler/concurrency-mode.ts'
import type { Decision, Reason } from '../scheduler/decision.ts'
import { conflictMatrix } from '../scheduler/footprints.ts'
import type { Item, SchedulePlan, Snapshot } from '../scheduler/types.ts'
import type { Backlog } from './backlog-snapshot.ts'

/** Items that are named, the first to start first. */
const mostNext = 30

/** Items that are compared with each other, and pairs that are kept: nobody reads more, and comparing takes time. */
const mostCompared = 120
const mostPairs = 200

/** Reasons that pass by themselves: for want of a place, or because another item has the files for now. */
const passing: readonly Reason['kind'][] = [
  'cap',
  'memory',
  'budget',
  'outranked',
  'turn',
  'reserved',
  'conflict',
  'unknown-footprint',
  'paused',
]

/** @returns what was seen of every system, by system. */
export function scheduleReportsIn(
  backlog: Backlog,
  snapshot: Snapshot,
  decisions: readonly Decision[],
): Map<number, ScheduleReport> {
  const items = new Map(snapshot.items.map((item) => [item.id, item]))
  return new Map(
    [...backlog.repos.values()].map(({ id, fullName }) => {
      const here = decisions.filter((decision) => decision.item.repository === fullName)
      const waiting = here.filter((decision) => decision.action === 'wait' && !isUnderWay(decision))
      const next = waiting.filter(({ reasons }) => reasons.every(({ kind }) => passing.includes(kind)))
      const working = snapshot.runs.filter((run) => run.repository === fullName && run.agent !== false)
      const set = snapshot.repos?.[fullName]?.mode
      const report: ScheduleReport = {
        mode: set ?? concurrencyMode(here, working.length, fullName),
        modeIsSet: set !== undefined,
        next: next.slice(0, mostNext).map((decision) => ({
          issue: decision.item.number,
          leverage: Number(decision.leverage.value.toPrecision(3)),
          words: reasonList(decision).join('; '),
        })),
        more: Math.max(0, next.length - mostNext),
        blocked: waiting.filter(({ item }) => !isEpic(backlog.items.get(Number(item.id)))).length - next.length,
        conflicts: conflictsAmong(
          [...working.map((run) => run.item), ...here.map(({ item }) => item.id), ...inReview(snapshot, fullName)],
          items,
        ),
        plan: planOf(snapshot.plan, here),
        unreserved: unreservedKinds(snapshot, fullName),
      }
      return [id, report]
    }),
  )
}

/** Between two steps, with no agent at the moment: it waits for nobody. */
function isUnderWay({ reasons }: Decision): boolean {
  return reasons.some((reason) => reason.kind === 'state' && (activeStates as readonly string[]).includes(reason.state))
}

function isEpic(item: ItemRow | undefined): boolean {
  return item?.kind === 'epic'
}

function inReview(snapshot: Snapshot, repository: string): string[] {
  return snapshot.runs.filter((run) => run.agent === false && run.repository === repository).map((run) => run.item)
}

function conflictsAmong(ids: readonly string[], items: ReadonlyMap<string, Item>): IssueConflict[] {
  const compared = [...new Set(ids)]
    .flatMap((id) => items.get(id) ?? [])
    .filter(({ footprint }) => footprint !== 'nothing' && footprint.length > 0)
    .slice(0, mostCompared)
    .sort((a, b) => a.number - b.number)
  return conflictMatrix(compared)
    .slice(0, mostPairs)
    .map(({ a, b, overlaps }) => ({ a: items.get(a)?.number ?? 0, b: items.get(b)?.number ?? 0, overlaps }))
}

/** The kinds of agent for which a budget keeps nothing before they start, because nobody knows what they cost. */
function unreservedKinds(snapshot: Snapshot, repository: string): string[] {
  const repo = snapshot.repos?.[repository]
  if (snapshot.budget?.left === undefined && repo?.budgetLeft === undefined) return []
  const admission = new Admission(snapshot)
  const kinds = snapshot.items.filter((item) => item.repository === repository).map(({ agentKind }) => agentKind)
  return [...new Set(kinds)].filter((kind) => admission.costOf(repository, kind) === 0).sort()
}

function planOf(plan: SchedulePlan | undefined, here: readonly Decision[]): ScheduleReport['plan'] {
  if (!plan) return null
  const named = new Set(plan.order)
  const items = here.filter(({ item }) => named.has(item.id)).length
  return items > 0 ? { items, hours: Number(plan.makespan.toPrecision(2)) } : null
}
