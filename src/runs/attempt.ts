/**
 * One attempt: a pipeline over one run. Workspace → agent → commit → gates. Every ending is written in one place
 * (`finish`), in one transaction, under the lease.
 */

import type { AgentOutcome } from '../agents/drivers/agent-run.ts'
import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { approvedPlan, roundsOf } from '../db/plans.ts'
import { BaseBranchDeleted, refreshSettings } from '../db/repository-settings.ts'
import { saveReviewAnswers } from '../db/review-comments.ts'
import {
  type ClaimedRun,
  completePlanningAgent,
  endRun,
  isPlanning,
  isProposing,
  isReview,
  LeaseLost,
  type RunRow,
  runWithItem,
  updateRun,
} from '../db/runs.ts'
import { saveUsage } from '../db/usage.ts'
import { getItem, transition } from '../db/work-items.ts'
import { releaseWorktrees } from '../db/worktrees.ts'
import { commitMessage } from '../domain/commit-message.ts'
import { readReviewAnswers } from '../domain/review-answers.ts'
import { settingsWithWorkflow, workflowNamed } from '../domain/workflows.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { Worktree } from '../git/worktree-records.ts'
import { currentTime } from '../lib/clock.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { agentName, goOnWithAnswers } from '../messages/crew.ts'
import { answersForAgent, planForAgent } from '../messages/plans.ts'
import { agentFinished, agentUnknown, noChange, questionsHandedIn, secretInChange } from '../messages/runs.ts'
import { SandboxMissing } from '../sandbox/sandbox.ts'
import { runAgentSession, tailOfLog } from './agent-session.ts'
import { bringInBase } from './bring-in-base.ts'
import type { Attempt, RunContext } from './context.ts'
import { type CrewSession, openCrewSession } from './crew-session.ts'
import { sessionBefore } from './earlier-session.ts'
import { editedFiles } from './edited-files.ts'
import { wasJudged } from './feedback.ts'
import { isWithoutRoom, noRoomLeft, unlessDiskIsFull } from './full-disk.ts'
import { type StopReason, startHeartbeat } from './heartbeat.ts'
import { removeLeftWorktrees } from './left-worktrees.ts'
import { type AttemptEnd, cutShort, doneDespiteCost, failureOf, stopped, unsafe } from './outcomes.ts'
import { runPlanning } from './planning-run.ts'
import { endLostAgents, prepareWorktree } from './prepare-worktree.ts'
import { buildPrompt, contextNonce } from './prompt.ts'
import { runProposals } from './proposal-run.ts'
import { takeReviewComments } from './review-handoff.ts'
import { runReview } from './review-run.ts'
import { setUpForAgent } from './set-up/for-agent.ts'
import { notesOnSubmodules } from './submodules.ts'

/**
 * Carries out a run that was claimed.
 * @param atWork the number of attempts that this process carries out now, this one included.
 */
export async function runAttempt(
  context: RunContext,
  { lease, run }: ClaimedRun,
  stop: AbortController,
  atWork: () => number,
): Promise<void> {
  const { runId } = lease
  const heartbeat = startHeartbeat(context.store, lease, {
    everyMs: context.env.HEARTBEAT_SECONDS * 1_000,
    timeoutMs: context.env.HEARTBEAT_TIMEOUT_SECONDS * 1_000,
    onStop: (reason) => stop.abort(reason),
  })
  try {
    const found = await runWithItem(context.store.db, runId)
    if (!found) throw new Error(`run ${runId} is gone`)
    const { item, repo } = found
    const attempt: Attempt = {
      context,
      lease,
      run,
      item,
      repo,
      heartbeat,
      signal: stop.signal,
      stop: (reason) => stop.abort(reason),
      atWork,
    }
    const about = { run: runId, issue: item.issueNumber, agent: agentName(run) }
    context.log.info(about, `#${item.issueNumber}: ${about.agent} begins attempt ${run.attempt}`)
    const ending = run.stop ? stopped('asked') : await work(attempt).catch((error) => endingOf(error, context))
    await finish(attempt, await unlessDiskIsFull(context, ending))
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error
    context.log.warn({ run: runId }, 'the lease of a run was lost; its agent was ended and nothing was written')
  } finally {
    heartbeat.stop()
    await release(context, run).catch((err) => context.log.warn({ err, run: runId }, 'a worktree was not released'))
  }
}

/** No process of this attempt is left. Where the next one did not wait for that, what it wrote since is kept now. */
async function release(context: RunContext, run: RunRow): Promise<void> {
  await releaseWorktrees(context.store.db, run.id)
  await removeLeftWorktrees(context, run.workItemId)
}

async function work(attempt: Attempt): Promise<AttemptEnd> {
  const { context, run, repo } = attempt
  const control = await context.control(repo)
  const { settings, base } = await refreshSettings(context.store, repo, control)
  await endLostAgents(attempt)
  if (await isWithoutRoom(context)) return noRoomLeft
  const kind = context.agents.get(run.agent)
  if (!kind) return { outcome: 'agent not installed', summary: agentUnknown(run.agent) }
  const reading = { control, settings, base: sha(base), kind }
  if (isPlanning(run)) return runPlanning(attempt, reading)
  if (isReview(run)) return runReview(attempt, reading)
  if (isProposing(run)) return runProposals(attempt, reading)
  const worktree = await prepareWorktree(attempt, control, settings, sha(base))
  const conflict = await bringInBase(attempt, control, sha(base))
  const { item } = attempt
  const head = (await control.resolve(worktree.branch)) ?? sha(base)
  const { missing, present } = await notesOnSubmodules(control, head, worktree.path)
  if (missing.length > 0) await updateRun(context.store.db, attempt.lease, { notes: missing })
  const ready = await setUpForAgent(attempt, { control, settings, base: sha(base), worktree })
  if (ready.ended) return ready.ended
  const plan = await approvedPlan(context.store.db, item)
  const loop = workflowNamed(settings, item.loop)
  const checks = settingsWithWorkflow(settings, item.loop).gates.commands
  const reviews = await takeReviewComments(attempt)
  const crew = await openCrewSession(attempt, {
    settings,
    protocol: kind.protocol,
    head: () => control.resolve(worktree.branch),
  })
  const { issueNumber, title, body, branch } = item
  const task = {
    ...{ repository: repo.fullName, issueNumber, title, body, attempt: run.attempt, branch },
    answers: answersForAgent(await roundsOf(context.store.db, item.id)),
    plan: plan && planForAgent(plan),
    loop,
    crew: crew.prompt,
    feedback: [run.feedback, ready.note].filter(Boolean).join('\n\n'),
    conflict,
    reviews,
    protectedPaths: ['.github/', 'CODEOWNERS', ...settings.gates.protected],
    gateCommands: checks.map((command) => command.run),
    notes: [...missing, ...present],
  }
  const nonce = contextNonce()
  const before = await sessionBefore(attempt, kind, worktree)
  const outcome = await runAgentSession(attempt, {
    kind,
    control,
    settings,
    cwd: worktree.path,
    prompt: buildPrompt(task, nonce),
    ...(before ? { earlier: { ...before, prompt: buildPrompt({ ...task, continued: true }, nonce) } } : {}),
    tools: [],
    crew,
    onUpdate: (update) => {
      for (const path of editedFiles(update, worktree.path)) attempt.heartbeat.touched.add(path)
    },
  })
  if (outcome.kind === 'finished') await crew.end()
  return conclude(attempt, { control, worktree, settings, base: sha(base), crew, missing }, outcome)
}

/** What the agent has handed in as its summary comes before its last message. */
function withSummary(outcome: AgentOutcome, summary: string | undefined): AgentOutcome {
  return outcome.kind === 'finished' && summary ? { ...outcome, summary } : outcome
}

interface Workplace {
  control: BareClone
  worktree: Worktree
  settings: Settings
  base: Sha
  crew: CrewSession
  /** What its checkout lacked. */
  missing: readonly string[]
}

async function conclude(attempt: Attempt, place: Workplace, ended: AgentOutcome): Promise<AttemptEnd> {
  const { context, item, repo, run, signal, lease } = attempt
  const { control, worktree, settings, base, crew, missing } = place
  const { asked } = crew.result
  // Questions count, however the agent ended afterwards. What it has changed stays in its tree.
  if (asked && ended.kind !== 'stopped')
    return { outcome: 'asked', summary: questionsHandedIn(asked.length), questions: asked }
  const despite = doneDespiteCost(ended, signal.reason)
  const outcome = withSummary(despite?.outcome ?? ended, crew.result.summary)
  const cut = despite ? [despite.note] : cutShort(ended)
  if (cut.length > 0) await updateRun(context.store.db, lease, { notes: [...missing, ...cut] })
  if (outcome.kind === 'stopped') return stopped(signal.reason as StopReason)
  const failure = failureOf(outcome)
  if (failure)
    return {
      ...failure,
      summary: context.redact(failure.summary),
      logTail: context.redact(await tailOfLog(context, run.id)),
    }
  const summary = outcome.kind === 'finished' ? context.redact(outcome.summary) : ''
  const author = await context.github.author(repo)
  const { title, issueNumber } = item
  // The process may have stood still since the last heartbeat: another attempt may own the branch by now.
  await updateRun(context.store.db, lease, {})
  const signer = settings.commits.signoff ? author : undefined
  const message = commitMessage({ title, issueNumber, attempt: run.attempt, agent: agentName(run) }, signer)
  const committed = await control.commit(worktree, { message, author, squashOnto: base })
  if (committed.kind === 'refused') return unsafe(committed.violations)
  const ignored = await control.listIgnored(worktree)
  const head = committed.sha
  // The commit may be that of an attempt whose process died: it counts, unless the gates have refused it.
  if (head === base || (await wasJudged(context.store.db, item.id, head)))
    return { outcome: 'no change', summary: noChange(summary, ignored), signature: 'no change' }
  const { text } = await control.diff(base, head, 8 * 2 ** 20)
  if (context.holdsSecret(text)) return { outcome: 'secret in the change', summary: secretInChange }
  await control.share(head)
  return { outcome: 'finished', head, summary, ignored }
}

function endingOf(error: unknown, { log }: RunContext): AttemptEnd {
  if (error instanceof LeaseLost) throw error
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof SandboxMissing) return { outcome: 'no sandbox', summary: message }
  if (error instanceof BaseBranchDeleted) return { outcome: 'base branch gone', summary: message }
  log.error({ err: error }, 'the workspace of a run failed')
  return { outcome: 'workspace failed', summary: message, signature: message }
}

/** Writes the ending under the lease and queues the next job: the gates, or the retry policy. */
async function finish(attempt: Attempt, ending: AttemptEnd): Promise<void> {
  const { used, priced } = attempt.heartbeat
  await attempt.context.store.transaction(async (tx) => {
    await write(tx, attempt, ending)
    if (Object.keys(used).length > 0) await saveUsage(tx.db, attempt.run, { ...used, priced }, currentTime())
  })
}

async function write(tx: Tx, { lease, item, run }: Attempt, ending: AttemptEnd): Promise<void> {
  if (ending.outcome === 'planned') {
    await completePlanningAgent(tx, lease, { outcome: 'planned', summary: ending.summary, countsAsAttempt: false })
    await tx.enqueue({ queue: 'on-plan-submitted', runId: lease.runId })
    return
  }
  if (ending.outcome === 'reviewed' || ending.outcome === 'proposed') {
    await endRun(tx, lease, { outcome: ending.outcome, summary: ending.summary })
    await tx.enqueue({ queue: 'after-run', runId: lease.runId })
    return
  }
  if (ending.outcome === 'asked') {
    const { questions, summary } = ending
    const asked = {
      outcome: 'asked',
      summary,
      submission: { questions },
      countsAsAttempt: false,
      lesson: goOnWithAnswers,
    }
    await endRun(tx, lease, asked)
    await tx.enqueue({ queue: 'after-run', runId: lease.runId })
    return
  }
  if (ending.outcome === 'finished') {
    const { head, ignored: ignoredFiles } = ending
    const { answers, rest } = readReviewAnswers(ending.summary)
    const summary = (await saveReviewAnswers(tx, lease.runId, answers)) ? rest : ending.summary
    await updateRun(tx.db, lease, { stage: 'gates', headSha: head, summary, ignoredFiles, leaseOwner: null })
    const current = await getItem(tx.db, item.id)
    // The item was set aside while the agent worked: the commit stays on the branch, and the gates do not run.
    if (current?.state === 'running') {
      await transition(tx, current, 'checking', {
        actor: 'tutti',
        why: agentFinished,
        set: { headSha: ending.head },
      })
      await tx.enqueue({ queue: 'run-gates', runId: lease.runId })
    } else {
      await tx.enqueue({ queue: 'after-run', runId: lease.runId })
    }
    return
  }
  const { outcome, summary, signature = null, lesson = summary, logTail = '' } = ending
  const leave = isPlanning(run) ? completePlanningAgent : endRun
  await leave(tx, lease, { outcome, summary, signature, lesson, logTail })
  await tx.enqueue({
    queue: 'after-run',
    runId: lease.runId,
    ...(ending.resetAt ? { resetAt: ending.resetAt.toISOString() } : {}),
  })
}
