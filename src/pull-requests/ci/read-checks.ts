/** CI has settled on a head of ours: its checks are read, and what follows is done. */

import { z } from 'zod'
import { type CiReportRow, flakyChecks, forgetOldChecks, saveChecks, saveCiReport } from '../../db/ci.ts'
import { defineJob } from '../../db/define-job.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import { requestStatusComment } from '../../db/status-comment.ts'
import { type CiExcuse, type CiFacts, ciState, failureKey, isInterrupted, nextCiStep } from '../../domain/ci.ts'
import type { Check, CheckReading } from '../../domain/github.ts'
import { currentMs, currentTime } from '../../lib/clock.ts'
import { sha } from '../../lib/ids.ts'
import { holdItem } from '../../work-items/dead-letter.ts'
import type { PullRequestContext } from '../context.ts'
import { type CiSubject, ciSubjectOf } from './subject.ts'
import { rerunPatienceMs, takeCiStep } from './take-ci-step.ts'

/** Handler of the `read-checks` queue. Run twice, it does nothing the second time. */
export async function readChecks(
  context: PullRequestContext,
  job: { workItemId: number; sha: string; now?: boolean },
): Promise<void> {
  const subject = await ciSubjectOf(context, job)
  if (!subject) return
  const { repo, report } = subject
  const settledAt = report.lastEventAt.getTime() + settingsOf(repo).ci.settleSeconds * 1_000
  const settled = currentMs() >= settledAt
  // What was heard meanwhile has a job of its own.
  if (!settled && !job.now) return
  if (!job.now && isKnown(report)) return
  const readAt = currentTime()
  const reading = await context.github.repository(repo).checks(sha(job.sha))
  await keep(context, subject, reading, readAt)
  const facts = await factsOf(context, subject, reading, settled)
  const step = nextCiStep(facts)
  if (step.kind === 'wait' && !settled)
    await context.store.queues.send(
      { queue: 'read-checks', workItemId: job.workItemId, sha: job.sha },
      { after: new Date(settledAt) },
    )
  await takeCiStep(context, subject, facts, step)
}

/** Whether all that was heard has been read, and acted upon. */
function isKnown({ readAt, lastEventAt, verdict, step }: CiReportRow): boolean {
  return readAt !== null && readAt >= lastEventAt && (verdict === 'green' || step !== 'none')
}

/**
 * Stores what was read: it is what people see, and what later failures are compared with.
 * @param readAt when GitHub was asked: what is heard after that may not be in the answer.
 */
async function keep(
  context: PullRequestContext,
  { repo, item, sha, report }: CiSubject,
  reading: CheckReading,
  readAt: Date,
): Promise<void> {
  const { verdict } = ciState(reading, [])
  const others = reading.checks.filter((check) => !check.own)
  await context.store.transaction(async (tx) => {
    await saveChecks(tx, { repositoryId: repo.id, sha }, others)
    await forgetOldChecks(tx)
    // Green again: what was done about it is over.
    const over = verdict === 'green' && report.step !== 'none'
    const set = { readAt, verdict, ...(over ? { step: 'none' as const, about: [] } : {}) }
    await saveCiReport(tx, { workItemId: item.id, sha }, set)
    if (over) await requestStatusComment(tx, item, 'now')
  })
}

async function factsOf(
  context: PullRequestContext,
  subject: CiSubject,
  reading: CheckReading,
  settled: boolean,
): Promise<CiFacts> {
  const { repo, report } = subject
  const state = ciState(reading, [])
  const limits = settingsOf(repo).ci
  const mayBegin = report.rerunAt !== null && currentMs() < report.rerunAt.getTime() + rerunPatienceMs
  const awaited = new Set(mayBegin ? report.rerunOf : [])
  const failures = state.failures.filter((check) => !awaited.has(failureKey(check)))
  const excuses = await excusesFor(context, subject, failures, report.reruns < limits.rerun)
  return { state, settled, excuses, awaited, reruns: report.reruns, limits }
}

/** Why failures may not be the change's fault. The base branch is asked only where that can matter. */
async function excusesFor(
  context: PullRequestContext,
  { repo, item }: CiSubject,
  failures: readonly Check[],
  mayRerun: boolean,
): Promise<Map<string, CiExcuse>> {
  const excuses = new Map<string, CiExcuse>()
  if (failures.length === 0) return excuses
  const flaky = await flakyChecks(context.store.db, repo.id)
  for (const check of failures) {
    if (isInterrupted(check)) excuses.set(check.id, 'interrupted')
    else if (flaky.has(check.name)) excuses.set(check.id, 'flaky')
  }
  if (!mayRerun || excuses.size === failures.length) return excuses
  const base = await context.github.repository(repo).checks(`heads/${item.baseBranch}`)
  const alsoThere = new Set(base.checks.filter(({ verdict }) => verdict === 'failure').map(({ name }) => name))
  for (const check of failures) {
    if (!excuses.has(check.id) && alsoThere.has(check.name)) excuses.set(check.id, 'base')
  }
  return excuses
}

export const readChecksJob = defineJob(
  {
    queue: 'read-checks',
    payload: z.object({ workItemId: z.number().int(), sha: z.string(), now: z.boolean().optional() }),
    onFinalFailure: holdItem,
  },
  readChecks,
)
