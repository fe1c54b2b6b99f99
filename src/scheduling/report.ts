/** The report about each repository after a pass. Commands and roadmaps show it. */

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

/** The report names at most this many next items. */
const maxNext = 30

/**
 * At most this many items are compared, and this many pairs are stored: no person reads more, and comparing takes time.
 */
const maxCompared = 120
const maxPairs = 200

/** Reasons that end by themselves: a limit is reached, or another item uses the files. */
const temporaryReasons: readonly Reason['kind'][] = [
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

/** @returns the report about every repository, by repository. */
export function scheduleReportsIn(
  backlog: Backlog,
  snapshot: Snapshot,
  decisions: readonly Decision[],
): Map<number, ScheduleReport> {
  const items = new Map(snapshot.items.map((item) => [item.id, item]))
  return new Map(
    [...backlog.repos.values()].map(({ id, fullName }) => {
      const own = decisions.filter((decision) => decision.item.repository === fullName)
      const waiting = own.filter((decision) => decision.action === 'wait' && !isActive(decision))
      const next = waiting.filter(({ reasons }) => reasons.every(({ kind }) => temporaryReasons.includes(kind)))
      const working = snapshot.runs.filter((run) => run.repository === fullName && run.agent !== false)
      const configuredMode = snapshot.repos?.[fullName]?.mode
      const report: ScheduleReport = {
        mode: configuredMode ?? concurrencyMode(own, working.length, fullName),
        modeIsSet: configuredMode !== undefined,
        next: next.slice(0, maxNext).map((decision) => ({
          issue: decision.item.number,
          leverage: Number(decision.leverage.value.toPrecision(3)),
          words: reasonList(decision).join('; '),
        })),
        more: Math.max(0, next.length - maxNext),
        blocked: waiting.filter(({ item }) => !isEpic(backlog.items.get(Number(item.id)))).length - next.length,
        conflicts: conflictsAmong(
          [...working.map((run) => run.item), ...own.map(({ item }) => item.id), ...itemsInReview(snapshot, fullName)],
          items,
        ),
        plan: planOf(snapshot.plan, own),
        unreserved: unreservedKinds(snapshot, fullName),
      }
      return [id, report]
    }),
  )
}

/** Whether the item is active and has no agent at the moment, between two steps: it waits for nothing. */
function isActive({ reasons }: Decision): boolean {
  return reasons.some((reason) => reason.kind === 'state' && (activeStates as readonly string[]).includes(reason.state))
}

function isEpic(item: ItemRow | undefined): boolean {
  return item?.kind === 'epic'
}

function itemsInReview(snapshot: Snapshot, repository: string): string[] {
  return snapshot.runs.filter((run) => run.agent === false && run.repository === repository).map((run) => run.item)
}

function conflictsAmong(ids: readonly string[], items: ReadonlyMap<string, Item>): IssueConflict[] {
  const compared = [...new Set(ids)]
    .flatMap((id) => items.get(id) ?? [])
    .filter(({ footprint }) => footprint !== 'nothing' && footprint.length > 0)
    .slice(0, maxCompared)
    .sort((a, b) => a.number - b.number)
  return conflictMatrix(compared)
    .slice(0, maxPairs)
    .map(({ a, b, overlaps }) => ({ a: items.get(a)?.number ?? 0, b: items.get(b)?.number ?? 0, overlaps }))
}

/** The kinds of agent for which no budget is reserved before they start, because their cost is unknown. */
function unreservedKinds(snapshot: Snapshot, repository: string): string[] {
  const repo = snapshot.repos?.[repository]
  if (snapshot.budget?.left === undefined && repo?.budgetLeft === undefined) return []
  const admission = new Admission(snapshot)
  const kinds = snapshot.items.filter((item) => item.repository === repository).map(({ agentKind }) => agentKind)
  return [...new Set(kinds)].filter((agentKind) => admission.costOf(repository, { agentKind }) === 0).sort()
}

function planOf(plan: SchedulePlan | undefined, decisions: readonly Decision[]): ScheduleReport['plan'] {
  if (!plan) return null
  const inPlan = new Set(plan.order)
  const items = decisions.filter(({ item }) => inPlan.has(item.id)).length
  return items > 0 ? { items, hours: Number(plan.makespan.toPrecision(2)) } : null
}
