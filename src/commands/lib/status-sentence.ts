/** Gathers what the status of an item says. The replies of several commands end with it. */

import { lastDecision } from '../../db/decisions.ts'
import { partsOf } from '../../db/epics.ts'
import { pullOfItem } from '../../db/pull-requests.ts'
import { isSideRun, runsOf } from '../../db/runs.ts'
import type { ItemRow } from '../../db/work-items.ts'
import { waitsForGo } from '../../domain/choose-workflow.ts'
import { countedSince } from '../../domain/replan.ts'
import { currentTime } from '../../lib/clock.ts'
import { type ItemStatus, itemStatus } from '../../messages/commands/status.ts'
import { ciViewOf } from '../../pull-requests/ci/ci-view.ts'
import type { CommandContext } from '../command.ts'

/** The state of an item: one to three sentences of markdown. */
export async function statusSentence(context: CommandContext, item: ItemRow): Promise<string> {
  const { db } = context.tx
  const runs = (await runsOf(db, item.id)).filter((run) => !isSideRun(run))
  const used = runs.filter((run) => run.countsAsAttempt && run.id > countedSince(item)).length
  return itemStatus(
    {
      state: item.state,
      kind: item.kind,
      waitsForGo: waitsForGo(item),
      reason: item.reason,
      headSha: item.headSha,
      run: runs.at(-1),
      ...(await readiness(context, item)),
      pull: await pullInReview(context, item),
      attempts: { used, allowed: context.settings.limits.retries + 1 },
      repositoryPaused: context.repo.state === 'paused',
      ci: await ciViewOf(db, item, context.repo),
    },
    context.settings.prefix,
  )
}

/** What a ready item waits for. */
async function readiness(
  { tx }: CommandContext,
  item: ItemRow,
): Promise<Pick<ItemStatus, 'waitsUntil' | 'waits' | 'parts'>> {
  const none = { waitsUntil: undefined, waits: undefined, parts: { all: 0, done: 0 } }
  if (item.state !== 'ready') return none
  if (item.kind === 'epic') {
    const parts = await partsOf(tx.db, item.id)
    const closed = new Map(parts.map((part) => [`${part.repository}#${part.issueNumber}`, part.blocker === 'closed']))
    return { ...none, parts: { all: closed.size, done: [...closed.values()].filter(Boolean).length } }
  }
  if (item.notBefore && item.notBefore > currentTime()) return { ...none, waitsUntil: item.notBefore }
  const decision = await lastDecision(tx.db, item.id)
  return { ...none, waits: decision?.action === 'wait' ? decision.explanation : undefined }
}

async function pullInReview({ tx }: CommandContext, item: ItemRow): Promise<ItemStatus['pull']> {
  if (!['reviewing', 'approved', 'merging'].includes(item.state)) return undefined
  const pull = await pullOfItem(tx.db, item.id)
  if (!pull) return undefined
  const asked = pull.mergeSha === pull.headSha ? pull.mergeRequestedBy : null
  return { number: pull.number, headSha: pull.headSha, mergeRequestedBy: asked ?? undefined }
}
