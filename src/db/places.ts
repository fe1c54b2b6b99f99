/**
 * Places: the data directories of the processes. What is on the disk of one place (clones, worktrees, commits that were not
 * pushed) no process of another place can read.
 */

import { and, inArray, isNotNull, ne, sql } from 'drizzle-orm'
import { type ProcessRole, runsAgents } from '../domain/process-role.ts'
import { processScope } from '../lib/process-table.ts'
import type { Database } from './connect.ts'
import { processes } from './schema/processes.ts'

/** Processes of these roles have agents. */
const agentRoles = (['all', 'runner'] as const satisfies readonly ProcessRole[]).filter(runsAgents)

const aliveWithin = (timeoutMs: number) =>
  sql`${processes.heartbeatAt} >= now() - ${timeoutMs / 1_000} * interval '1 second'`

/** Whether a process of another place is alive. @param timeoutMs of silence count as its end. */
export async function isOtherPlaceAlive(db: Database, place: string, timeoutMs: number): Promise<boolean> {
  const rows = await db
    .select({ id: processes.id })
    .from(processes)
    .where(and(isNotNull(processes.place), ne(processes.place, place), aliveWithin(timeoutMs)))
    .limit(1)
  return rows.length > 0
}

/** The places where agents can be started now. */
export async function placesWithAgents(db: Database, timeoutMs: number): Promise<Set<string>> {
  const rows = await db
    .selectDistinct({ place: processes.place })
    .from(processes)
    .where(and(inArray(processes.role, agentRoles), isNotNull(processes.place), aliveWithin(timeoutMs)))
  return new Set(rows.flatMap(({ place }) => place ?? []))
}

/** What the living processes have for agents. */
export interface AgentCapacity {
  /** Agents at once, all together; undefined when one of them has no limit of its own. */
  slots: number | undefined
  /** Free memory of the machines, in bytes. */
  freeMemory: number
  /** The labels of each of them. */
  labels: (readonly string[])[]
}

/**
 * Adds up what the processes with agents offer.
 * @param own this machine's free memory as it is now, in bytes, where this process has agents itself: it is newer than
 * the heartbeat.
 */
export async function agentCapacity(db: Database, timeoutMs: number, own: number | undefined): Promise<AgentCapacity> {
  const rows = await db
    .select({
      ...{ host: processes.host, slots: processes.slots },
      ...{ freeMemory: processes.freeMemory, labels: processes.labels },
    })
    .from(processes)
    .where(and(inArray(processes.role, agentRoles), aliveWithin(timeoutMs)))
  return capacityOf(rows, own === undefined ? undefined : { host: processScope(), freeMemory: own })
}

interface Offer {
  host: string
  slots: number | null
  freeMemory: number | null
  labels?: readonly string[]
}

/** See `agentCapacity`. Pure: processes of one machine share its memory. */
export function capacityOf(
  offers: readonly Offer[],
  own: { host: string; freeMemory: number } | undefined,
): AgentCapacity {
  const memory = new Map<string, number>()
  for (const { host, freeMemory } of offers) memory.set(host, Math.max(memory.get(host) ?? 0, freeMemory ?? 0))
  if (own) memory.set(own.host, own.freeMemory)
  const unlimited = offers.some(({ slots }) => slots === null)
  return {
    slots: unlimited ? undefined : offers.reduce((sum, { slots }) => sum + (slots ?? 0), 0),
    freeMemory: [...memory.values()].reduce((sum, bytes) => sum + bytes, 0),
    labels: offers.map(({ labels }) => labels ?? []),
  }
}
