/** Gathers what the status comment of an item says. */

import { and, eq } from 'drizzle-orm'
import { defaultSettings, type Settings } from '../config/settings.ts'
import { shownMessages } from '../crew/shown-messages.ts'
import { timedLines } from '../db/announcements.ts'
import type { Database } from '../db/connect.ts'
import { lastDecision } from '../db/decisions.ts'
import { notesOf } from '../db/epics.ts'
import { conflictsOfItem } from '../db/forecasts.ts'
import { effectsOf } from '../db/outbox.ts'
import { type PullRow, pullOfItem } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { roadmapOf } from '../db/roadmaps.ts'
import { buildsOf, type RunRow } from '../db/runs.ts'
import { gateResults } from '../db/schema/runs.ts'
import { reportsNoCost } from '../db/usage.ts'
import { getItem, type ItemRow } from '../db/work-items.ts'
import { keptWork } from '../db/worktrees.ts'
import { waitsForGo } from '../domain/choose-workflow.ts'
import { suggestOrder } from '../domain/forecast.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { progressOfParts } from '../domain/part-status.ts'
import { countedSince } from '../domain/replan.ts'
import type { RoadmapTree } from '../domain/roadmap.ts'
import { isAgentRun } from '../domain/run-author.ts'
import { currentMs } from '../lib/clock.ts'
import { agentReviewSentence } from '../messages/agent-review.ts'
import { limitSeesNoCost } from '../messages/commands/status.ts'
import { conflictAhead, orderAdvice } from '../messages/forecast.ts'
import type { GateView } from '../messages/gates.ts'
import { roadmapView } from '../messages/roadmap-view.ts'
import { type StatusView, statusComment } from '../messages/status-comment.ts'
import { agentReviewOf } from '../pull-requests/agent-review-view.ts'
import { ciViewOf } from '../pull-requests/ci/ci-view.ts'
import { pullConflicts } from '../pull-requests/pull-conflicts.ts'

/** The status comment of an item as it should be now. @throws when there is no such item. */
export async function renderStatus(db: Database, workItemId: number): Promise<string> {
  const item = await getItem(db, workItemId)
  if (!item) throw new Error(`no work item ${workItemId}`)
  return statusComment(await viewOf(db, item))
}

async function viewOf(db: Database, item: ItemRow): Promise<StatusView> {
  const repo = await getRepository(db, item.repositoryId)
  const settings = repo?.settings ?? defaultSettings()
  const attempts = await buildsOf(db, item.id)
  const pull = (await pullOfItem(db, item.id)) ?? null
  const decision = item.state === 'ready' ? await lastDecision(db, item.id) : undefined
  return {
    ...item,
    attempts,
    used: attempts.filter((attempt) => attempt.countsAsAttempt && attempt.id > countedSince(item)).length,
    allowed: settings.limits.retries + 1,
    progress: attempts.at(-1)?.progress ?? '',
    waits: decision?.action === 'wait' ? decision.explanation : null,
    gates: item.headSha ? await gatesOf(db, item.id, item.headSha) : [],
    pull,
    held: await heldWorkOf(db, item, pull, attempts.at(-1)),
    ci: await ciViewOf(db, item, repo),
    mergeWhen: settings.merge.when,
    waitsForGo: waitsForGo(item),
    notes:
      item.kind === 'epic'
        ? notesOf(item)
        : [
            ...(await reviewNotes(db, item)),
            ...(await costNotes(db, attempts, settings)),
            ...(await conflictNotes(db, item)),
          ],
    kept: await keptWork(db, item.id),
    messages: await shownMessages(db, item),
    settingsError: repo?.settingsError ?? null,
    sandboxed: attempts.at(-1)?.sandboxed ?? false,
    roadmap: item.kind === 'epic' ? await roadmapViewOf(db, item, repo) : null,
  }
}

/** Where the work of a held item is. A check run is requested for what was pushed. */
async function heldWorkOf(
  db: Database,
  item: ItemRow,
  pull: PullRow | null,
  last: RunRow | undefined,
): Promise<StatusView['held']> {
  if (item.state !== 'held' || item.kind === 'epic') return null
  const shown = item.headSha ? await effectsOf(db, [`check:${item.id}:${item.headSha}`]) : []
  const open = pull?.state === 'open' ? pull : null
  const { branch, headSha } = item
  const critical = last?.failureClass === 'critical'
  return { agentLog: last?.logTail ?? '', branch, headSha, pushed: shown.length > 0, draft: open, critical }
}

/** A note where a limit is set, and the agent reports no cost. */
async function costNotes(db: Database, attempts: readonly RunRow[], { limits }: Settings): Promise<string[]> {
  const set = limits.spendPerDay !== undefined || limits.spendPerRun !== undefined
  const last = attempts.findLast(isAgentRun)
  if (!set || !last || !(await reportsNoCost(db, last))) return []
  return [limitSeesNoCost(last.agent)]
}

/** What an agent that reviews does, or has found. */
async function reviewNotes(db: Database, item: ItemRow): Promise<string[]> {
  const sentence = agentReviewSentence(await agentReviewOf(db, item), item.headSha)
  return sentence ? [sentence] : []
}

/** Who would conflict with it. */
async function conflictNotes(db: Database, item: ItemRow): Promise<string[]> {
  if (isTerminal(item)) return []
  const notes: string[] = []
  for (const { oneId, otherId, paths } of await conflictsOfItem(db, item.id)) {
    const pull = await pullOfItem(db, oneId === item.id ? otherId : oneId)
    if (pull?.state === 'open') notes.push(conflictAhead(pull.number, paths))
  }
  return notes.slice(0, mostConflictNotes)
}

const mostConflictNotes = 5
const mostTimedLines = 10
const dayMs = 24 * 3_600_000

async function roadmapViewOf(
  db: Database,
  epic: ItemRow,
  repo: RepositoryRow | undefined,
): Promise<StatusView['roadmap']> {
  const roadmap = await roadmapOf(db, epic)
  const { staleDays } = repo?.settings?.schedule ?? defaultSettings().schedule
  const since = new Date(currentMs() - staleDays * dayMs)
  const progress = await timedLines(db, epic.id, mostTimedLines)
  const text = roadmapView(roadmap, { home: repo?.fullName ?? '', since, progress })
  const advice = await mergeAdvice(db, roadmap, repo)
  return { ...progressOfParts(roadmap), text: advice ? `${text}\n\n${advice}` : text }
}

/** The order in which the open pull requests of a roadmap are best merged; '' when none of them conflict. */
async function mergeAdvice(db: Database, { parts }: RoadmapTree, repo: RepositoryRow | undefined): Promise<string> {
  if (!repo) return ''
  const here = parts.filter(({ repository }) => repository === repo.fullName.toLowerCase())
  const pulls = new Set(here.flatMap(({ pull }) => pull ?? []))
  const { open, pairs } = await pullConflicts(db, repo.id)
  const among = pairs.filter(({ one, other }) => pulls.has(one) && pulls.has(other))
  return among.length > 0 ? orderAdvice(suggestOrder(open, among)) : ''
}

/** The results of the gates on one commit of an item. */
async function gatesOf(db: Database, workItemId: number, sha: string): Promise<GateView[]> {
  return db
    .select()
    .from(gateResults)
    .where(and(eq(gateResults.workItemId, workItemId), eq(gateResults.sha, sha)))
    .orderBy(gateResults.id)
}
