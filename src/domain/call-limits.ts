/**
 * GitHub's limits on calls, and how they are shared out: 80 content-creating requests a minute and 500 an hour, and 900
 * points a minute, of which a read costs 1 and a write 5 (docs.github.com, "Rate limits for the REST API", secondary
 * limits). They count for all processes together, so they are kept in the database; see `db/api-limits.ts`.
 */

/** What a call counts as. Minting a token is counted apart, as GitHub does: it costs nothing of these limits. */
export type CallKind = 'read' | 'write' | 'token'

/** Calls that were made, and until when GitHub wants none; all in ms since 1970. */
export interface CallRecord {
  pausedUntil: number
  /** When each write of the last hour was sent. */
  writes: readonly number[]
  /** When each read of the last minute was sent. */
  reads: readonly number[]
}

/** What must be left free for a call to be made, in numbers of calls that were made before it. */
export interface CallBudget {
  kind: CallKind
  writesPerMinute: number
  writesPerHour: number
  /** Points of the last minute, with this call. */
  points: number
}

/** GitHub counts a call when it arrives, up to a second after it left; and a write may be counted a second early. */
const marginMs = 2_000
/** The windows in which calls are counted, in ms. */
export const windowsMs = { minute: 60_000 + marginMs, hour: 3_600_000 + marginMs }
/** What a call costs of the points of a minute. */
export const pointsOf: Readonly<Record<CallKind, number>> = { read: 1, write: 5, token: 0 }

/**
 * Writes by their rank: what is left of a short budget is kept for the more urgent ones. A person who has asked for a
 * merge or an answer must not wait an hour behind news that no person has asked for.
 */
const writeBudgets = [
  { upTo: 1, writesPerMinute: 80, writesPerHour: 500 },
  { upTo: 2, writesPerMinute: 75, writesPerHour: 480 },
  { upTo: Number.POSITIVE_INFINITY, writesPerMinute: 70, writesPerHour: 450 },
]
const pointsPerMinute = 900
/** Reads leave points for writes. */
const pointsForReads = 800

/**
 * The budget of a call.
 * @param priority of a write, as in `effectPriorities`; the most urgent when not given.
 */
export function budgetOf(kind: CallKind, priority = 1): CallBudget {
  const { writesPerMinute = 0, writesPerHour = 0 } = writeBudgets.find(({ upTo }) => priority <= upTo) ?? {}
  return { kind, writesPerMinute, writesPerHour, points: kind === 'read' ? pointsForReads : pointsPerMinute }
}

/** The budget of every call on a server without limits: only a pause that it asks for holds a call back. */
export const unlimitedBudget: CallBudget = budgetOf('token')

/** The same budget on a server that allows `factor` times as much. */
export function timesBudget(budget: CallBudget, factor: number): CallBudget {
  const { kind, writesPerMinute, writesPerHour, points } = budget
  const more = (limit: number) => Math.floor(limit * factor)
  return { kind, writesPerMinute: more(writesPerMinute), writesPerHour: more(writesPerHour), points: more(points) }
}

/** Milliseconds until such a call may be made; 0 when it may be made now. @param now in ms since 1970. */
export function waitFor(budget: CallBudget, record: CallRecord, now: number): number {
  const waits = [record.pausedUntil - now]
  if (budget.kind === 'write') {
    waits.push(untilFewer(record.writes, budget.writesPerMinute, now - windowsMs.minute))
    waits.push(untilFewer(record.writes, budget.writesPerHour, now - windowsMs.hour))
  }
  if (budget.kind !== 'token') waits.push(untilPoints(budget, record, now - windowsMs.minute))
  return Math.max(0, ...waits)
}

/** How long until fewer than `most` of these times are after `start`, which goes on with the clock. */
function untilFewer(times: readonly number[], most: number, start: number): number {
  const inside = times.filter((time) => time > start).toSorted((a, b) => b - a)
  const last = inside[most - 1]
  return last === undefined ? 0 : last - start
}

function untilPoints({ kind, points }: CallBudget, { reads, writes }: CallRecord, start: number): number {
  const calls = [
    ...reads.map((time) => ({ time, cost: pointsOf.read })),
    ...writes.map((time) => ({ time, cost: pointsOf.write })),
  ]
  let left = points - pointsOf[kind]
  for (const { time, cost } of calls.filter((call) => call.time > start).toSorted((a, b) => b.time - a.time)) {
    left -= cost
    if (left < 0) return time - start
  }
  return 0
}
