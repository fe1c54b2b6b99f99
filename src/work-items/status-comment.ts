/** Gathers what the status comment of an item says, from the facts as they are now. */

import { and, eq } from 'drizzle-orm'
import { defaultSettings, type Settings } from '../config/settings.ts'
import type { Database } from '../db/connect.ts'
import { lastDecision } from '../db/decisions.ts'
import { notesOf } from '../db/epics.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { roadmapOf } from '../db/roadmaps.ts'
import { buildsOf, type RunRow } from '../db/runs.ts'
import { gateResults } from '../db/schema/core.ts'
import { toldNoCost } from '../db/usage.ts'
import { getItem, getSystem, type ItemRow, type SystemRow } from '../db/work-items.ts'
import { progressOf } from '../domain/part-status.ts'
import { roadmapPicture } from '../messages/roadmap-view.ts'
import { type GateView, type StatusView, statusComment } from '../messages/wording.ts'

/** The status comment of an item as it should read now. @throws when there is no such item. */
export async function renderStatus(db: Database, workItemId: number): Promise<string> {
  const item = await getItem(db, workItemId)
  if (!item) throw new Error(`no work item ${workItemId}`)
  return statusComment(await viewOf(db, item))
}

async function viewOf(db: Database, item: ItemRow): Promise<StatusView> {
  const system = await getSystem(db, item.systemId)
  const settings = system?.settings ?? defaultSettings()
  const attempts = await buildsOf(db, item.id)
  const decision = item.state === 'ready' ? await lastDecision(db, item.id) : undefined
  return {
    ...item,
    attempts,
    used: attempts.filter((attempt) => attempt.counts && attempt.id > (item.freshSince ?? 0)).length,
    allowed: settings.limits.retries + 1,
    progress: attempts.at(-1)?.progress ?? '',
    waits: decision?.action === 'wait' ? decision.words : null,
    gates: item.headSha ? await gatesOf(db, item.id, item.headSha) : [],
    pull: (await pullOfItem(db, item.id)) ?? null,
    mergeWhen: settings.merge.when,
    notes: item.kind === 'epic' ? notesOf(item) : await unseenCost(db, attempts, settings),
    settingsError: system?.settingsError ?? null,
    sandboxed: attempts.at(-1)?.sandboxed ?? false,
    roadmap: item.kind === 'epic' ? await pictureOf(db, item, system) : null,
  }
}

/** Said where somebody has set a limit that does not see what they spend. */
async function unseenCost(db: Database, attempts: readonly RunRow[], { limits }: Settings): Promise<string[]> {
  const set = limits.spendPerDay !== undefined || limits.spendPerRun !== undefined
  const last = attempts.findLast((attempt) => attempt.agent !== 'person')
  if (!set || !last || !(await toldNoCost(db, last))) return []
  return [`\`${last.agent}\` tells no cost, so no limit on spending sees what it uses.`]
}

const dayMs = 24 * 3_600_000

async function pictureOf(db: Database, epic: ItemRow, system: SystemRow | undefined): Promise<StatusView['roadmap']> {
  const roadmap = await roadmapOf(db, epic)
  const { staleDays } = system?.settings?.schedule ?? defaultSettings().schedule
  const since = new Date(Date.now() - staleDays * dayMs)
  return { ...progressOf(roadmap), text: roadmapPicture(roadmap, system?.fullName ?? '', since) }
}

/** What the gates said about one commit of an item. */
export async function gatesOf(db: Database, workItemId: number, sha: string): Promise<GateView[]> {
  return db
    .select()
    .from(gateResults)
    .where(and(eq(gateResults.workItemId, workItemId), eq(gateResults.sha, sha)))
    .orderBy(gateResults.id)
}
