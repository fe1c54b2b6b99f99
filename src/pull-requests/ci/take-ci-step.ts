/** Does what CI asks for: a rerun, a fix by an agent, or a person. */

import { eq } from 'drizzle-orm'
import { type CiReportRow, ciRoundsOf, saveCiReport } from '../../db/ci.ts'
import type { Tx } from '../../db/connect.ts'
import { enqueueEffect } from '../../db/outbox.ts'
import { settingsOf } from '../../db/repository-settings.ts'
import { buildsOf } from '../../db/runs.ts'
import { runs } from '../../db/schema/runs.ts'
import { requestStatusComment } from '../../db/status-comment.ts'
import { type ItemRow, lockItem, transition } from '../../db/work-items.ts'
import { type CiFacts, type CiStep, failureKey } from '../../domain/ci.ts'
import type { Check } from '../../domain/github.ts'
import { signatureOf } from '../../gates/lib/signature.ts'
import { currentMs, currentTime } from '../../lib/clock.ts'
import * as messages from '../../messages/ci.ts'
import { type AttemptHistory, nextRetryStep, type RetryStep } from '../../runs/retry-policy.ts'
import type { PullRequestContext } from '../context.ts'
import { failureExcerpt, longestExcerpt } from './failure-log.ts'
import type { CiSubject } from './subject.ts'
import { trimLog } from './trim-log.ts'

/** A rerun that was asked for and has not begun after this long is given up. */
export const rerunPatienceMs = 10 * 60_000
/** Logs are fetched of this many failures; with more, the first ones say enough. */
const mostLogs = 5
const tailLines = 20

/** Carries out the step, unless the item or its head has moved on meanwhile. */
export async function takeCiStep(
  context: PullRequestContext,
  subject: CiSubject,
  facts: CiFacts,
  step: CiStep,
): Promise<void> {
  if (step.kind === 'wait' || step.kind === 'none') return
  if (step.kind === 'fix') return fix(context, subject, facts, step.failures)
  await context.store.transaction(async (tx) => {
    const item = await current(tx, subject)
    if (!item) return
    if (step.kind === 'rerun') await rerun(tx, subject, step.failures)
    else if (subject.report.step === 'person') return
    await saveCiReport(tx, headOf(subject), { step: step.kind, about: namesOf(step.failures) })
    await requestStatusComment(tx, item, 'now')
  })
}

/** The item, locked, when it is still in review of this very head. */
async function current(tx: Tx, { item, sha }: CiSubject): Promise<ItemRow | undefined> {
  const row = await lockItem(tx, item.id)
  return row && (row.state === 'reviewing' || row.state === 'approved') && row.headSha === sha ? row : undefined
}

const headOf = ({ item, sha }: CiSubject) => ({ workItemId: item.id, sha })
const namesOf = (failures: readonly Check[]) => [...new Set(failures.map((check) => check.name))]

async function rerun(tx: Tx, subject: CiSubject, failures: readonly Check[]): Promise<void> {
  const { repo, item, sha, report } = subject
  const targets = new Map<string, { target: 'workflow-run' | 'check-suite'; id: number }>()
  for (const { job, suiteId } of failures) {
    const one = job
      ? { target: 'workflow-run' as const, id: job.workflowRunId }
      : { target: 'check-suite' as const, id: suiteId ?? 0 }
    targets.set(`${one.target}:${one.id}`, one)
  }
  const reruns = report.reruns + 1
  for (const [name, target] of targets) {
    const key = `rerun:${item.id}:${sha}:${reruns}:${name}`
    const effect = { kind: 'rerun-checks' as const, payload: { sha, ...target } }
    await enqueueEffect(tx, { repositoryId: repo.id, workItemId: item.id, key }, effect)
  }
  await saveCiReport(tx, headOf(subject), { reruns, rerunAt: currentTime(), rerunOf: failures.map(failureKey) })
  const after = new Date(currentMs() + rerunPatienceMs)
  await tx.enqueue({ queue: 'read-checks', ...headOf(subject), now: true }, { after })
}

/** Hands the logs of the failures to an agent; after as many rounds as there may be, to a person. */
async function fix(
  context: PullRequestContext,
  subject: CiSubject,
  facts: CiFacts,
  failures: readonly Check[],
): Promise<void> {
  const { repo, item, sha } = subject
  const logs = []
  for (const check of failures.slice(0, mostLogs))
    logs.push({ check, excerpt: await failureExcerpt(context, repo, sha, check) })
  const signature = logs
    .map(({ check, excerpt }) => `${check.name}: ${signatureOf(check.conclusion ?? 'failure', excerpt)}`)
    .sort()
    .join('\n')
  const settings = settingsOf(repo)
  const rounds = await ciRoundsOf(context.store.db, item.id, sha)
  const step = nextRetryStep('code-error', [...rounds.map(roundOf), roundOf({ signature })], {
    retries: settings.limits.retries,
    retryDelayMs: 0,
    escalationThreshold: Number.POSITIVE_INFINITY,
  })
  const lesson = messages.ciLesson({
    sha,
    pullNumber: subject.pull.number,
    failures: logs.map(({ check, excerpt }) => ({
      name: check.name,
      url: check.url,
      excerpt: trimLog(excerpt, Math.floor(longestExcerpt / logs.length)),
    })),
    alsoFailed: namesOf(facts.state.failures).filter((name) => !failures.some((check) => check.name === name)),
    unlisted: failures.length - logs.length,
  })
  const about = namesOf(failures)
  const logTail = (logs[0]?.excerpt ?? '').split('\n').slice(-tailLines).join('\n')
  await context.store.transaction(async (tx) => {
    const now = await current(tx, subject)
    if (!now) return
    const report = { about, signature, logTail }
    await sendBack(tx, {
      item: now,
      sha,
      step,
      rounds: rounds.length,
      retries: settings.limits.retries,
      report,
      lesson,
    })
  })
}

function roundOf({ signature }: Pick<CiReportRow, 'signature'>): AttemptHistory {
  return { outcome: 'gates failed', failureClass: 'code-error', signature, countsAsAttempt: true }
}

interface SentBack {
  item: ItemRow
  sha: string
  step: RetryStep
  /** How often CI has sent it back before, and how often it may. */
  rounds: number
  retries: number
  report: Pick<CiReportRow, 'about' | 'signature' | 'logTail'>
  lesson: string
}

async function sendBack(tx: Tx, { item, sha, step, rounds, retries, report, lesson }: SentBack): Promise<void> {
  const head = { workItemId: item.id, sha }
  const last = (await buildsOf(tx.db, item.id)).at(-1)
  if (last) {
    const nextCleanWorktree = step.kind === 'fresh agent'
    await tx.db.update(runs).set({ lesson, nextCleanWorktree }).where(eq(runs.id, last.id))
  }
  if (step.kind !== 'retry' && step.kind !== 'fresh agent') {
    await saveCiReport(tx, head, { ...report, step: 'hold' })
    const cause = rounds >= retries ? messages.fixesUsedUp : step.why
    const why = messages.ciHeld({ names: report.about, sha, rounds, why: cause, branch: item.branch })
    await transition(tx, item, 'held', { actor: 'tutti', why })
    return
  }
  await saveCiReport(tx, head, { ...report, step: 'fix' })
  const why = messages.ciSentBack(report.about, sha, step.kind === 'fresh agent')
  // The fix has attempts of its own: those that led to this head were enough for it.
  const freshSince = last?.id ?? item.freshSince
  const ready = await transition(tx, item, 'ready', { actor: 'tutti', why, set: { freshSince } })
  await requestStatusComment(tx, ready, 'soon')
}
