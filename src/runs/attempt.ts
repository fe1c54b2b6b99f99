/**
 * One attempt: a pipeline over one run. Workspace → agent → commit → on to the gates. Whatever happens on the way ends
 * in one place (`finish`), in one transaction, under the lease.
 */

import type { AgentOutcome } from '../agents/drivers/agent-run.ts'
import type { Settings } from '../config/settings.ts'
import type { Tx } from '../db/connect.ts'
import { approvedPlan, roundsOf } from '../db/plans.ts'
import { BaseBranchDeleted, refreshSettings } from '../db/repositories.ts'
import { claimRun, endRun, isPlanning, LeaseLost, leavePlanning, updateRun } from '../db/runs.ts'
import { saveUsage } from '../db/usage.ts'
import { getItem, getRepository, transition } from '../db/work-items.ts'
import { commitMessage } from '../domain/commit-message.ts'
import { settingsWithWorkflow, workflowNamed } from '../domain/workflows.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { Worktree } from '../git/worktree-records.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { answersForAgent, planForAgent } from '../messages/plans.ts'
import { runAgentSession } from './agent-session.ts'
import type { Attempt, RunContext } from './context.ts'
import { editedFiles } from './edited-files.ts'
import { reviewsFor, wasJudged } from './feedback.ts'
import { type StopReason, startHeartbeat } from './heartbeat.ts'
import { type AttemptEnd, failureOf, stopped, unchanged, unsafe } from './outcomes.ts'
import { runPlanning } from './planning-run.ts'
import { prepareWorktree } from './prepare-worktree.ts'
import { buildPrompt } from './prompt.ts'

/**
 * Takes a waiting run and carries it out. Nothing happens when somebody else has it.
 * @param atWork how many attempts this process carries out when it is asked, this one among them.
 */
export async function runAttempt(
  context: RunContext,
  runId: number,
  stop: AbortController,
  atWork: () => number,
): Promise<void> {
  const claimed = await claimRun(context.store.db, runId, context.instance, 'waiting')
  if (!claimed) return
  const { lease, run } = claimed
  const heartbeat = startHeartbeat(context.store, lease, {
    everyMs: context.env.HEARTBEAT_SECONDS * 1_000,
    timeoutMs: context.env.HEARTBEAT_TIMEOUT_SECONDS * 1_000,
    onStop: (reason) => stop.abort(reason),
  })
  try {
    const item = await getItem(context.store.db, run.workItemId)
    const repo = item && (await getRepository(context.store.db, item.repositoryId))
    if (!item || !repo) throw new Error(`run ${runId} has no item`)
    const one: Attempt = {
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
    const ending = run.stop ? stopped('asked') : await work(one).catch((error) => endingOf(error, context))
    await finish(one, ending)
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error
    context.log.warn({ run: runId }, 'the lease of a run was lost; its agent was ended and nothing was written')
  } finally {
    heartbeat.stop()
  }
}

async function work(one: Attempt): Promise<AttemptEnd> {
  const { context, run, repo } = one
  const control = await context.control(repo)
  const { settings, base } = await refreshSettings(context.store, repo, control)
  const kind = context.agents.get(run.agent)
  if (!kind) return { outcome: 'agent not installed', summary: `There is no agent called ${run.agent}.` }
  if (isPlanning(run)) return runPlanning(one, { control, settings, base: sha(base), kind })
  const worktree = await prepareWorktree(one, control, settings, sha(base))
  const plan = await approvedPlan(context.store.db, one.item)
  const loop = workflowNamed(settings, one.item.loop)
  const checks = settingsWithWorkflow(settings, one.item.loop).gates.commands
  const outcome = await runAgentSession(one, {
    kind,
    settings,
    cwd: worktree.path,
    prompt: buildPrompt({
      repository: repo.fullName,
      issueNumber: one.item.issueNumber,
      title: one.item.title,
      body: one.item.body,
      attempt: run.attempt,
      branch: one.item.branch,
      answers: answersForAgent(await roundsOf(context.store.db, one.item.id)),
      plan: plan && planForAgent(plan),
      loop,
      feedback: run.feedback,
      reviews: await reviewsFor(context, one.item, run),
      protectedPaths: ['.github/', 'CODEOWNERS', ...settings.gates.protected],
      gateCommands: checks.map((command) => command.run),
    }),
    tools: [],
    onUpdate: (update) => {
      for (const path of editedFiles(update, worktree.path)) one.heartbeat.touched.add(path)
    },
  })
  return conclude(one, outcome, worktree, { control, settings, base: sha(base) })
}

async function conclude(
  one: Attempt,
  outcome: AgentOutcome,
  worktree: Worktree,
  { control, settings, base }: { control: BareClone; settings: Settings; base: Sha },
): Promise<AttemptEnd> {
  if (outcome.kind === 'stopped') return stopped(one.signal.reason as StopReason)
  const failure = failureOf(outcome)
  if (failure) return failure
  const summary = outcome.kind === 'finished' ? outcome.summary : ''
  const { title, issueNumber } = one.item
  const author = await one.context.github.author(one.repo)
  const signer = settings.commits.signoff ? author : undefined
  const message = commitMessage({ title, issueNumber, attempt: one.run.attempt }, signer)
  const committed = await control.commit(worktree, { message, author, squashOnto: base })
  if (committed.kind === 'refused') return unsafe(committed.violations)
  const ignored = await control.listIgnored(worktree)
  const head = committed.sha
  // A commit of an attempt that died before it could say so counts; one the gates have refused does not.
  if (head === base || (await wasJudged(one.context.store.db, one.item.id, head))) {
    return unchanged(summary, ignored)
  }
  const { text } = await control.diff(base, head, 8 * 2 ** 20)
  if (one.context.holdsSecret(text)) {
    return {
      outcome: 'secret in the change',
      summary: "The change holds one of Tutti's own secrets; it was not pushed.",
    }
  }
  return { outcome: 'finished', head, summary, ignored }
}

function endingOf(error: unknown, { log }: RunContext): AttemptEnd {
  if (error instanceof LeaseLost) throw error
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof BaseBranchDeleted) return { outcome: 'base branch gone', summary: message }
  log.error({ err: error }, 'the workspace of a run failed')
  return { outcome: 'workspace failed', summary: message, signature: message }
}

/** Writes the ending under the lease and wakes whoever goes on: the gates, or the ladder. */
async function finish(one: Attempt, ending: AttemptEnd): Promise<void> {
  const { used } = one.heartbeat
  await one.context.store.transaction(async (tx) => {
    await write(tx, one, ending)
    if (Object.keys(used).length > 0) await saveUsage(tx.db, one.run, used, new Date())
  })
}

async function write(tx: Tx, { lease, item, run }: Attempt, ending: AttemptEnd): Promise<void> {
  if (ending.outcome === 'planned') {
    await leavePlanning(tx, lease, { outcome: 'planned', summary: ending.summary, countsAsAttempt: false })
    await tx.enqueue({ queue: 'on-plan-submitted', runId: lease.runId })
    return
  }
  if (ending.outcome === 'finished') {
    const { head, summary, ignored: ignoredFiles } = ending
    await updateRun(tx.db, lease, { stage: 'gates', headSha: head, summary, ignoredFiles, leaseOwner: null })
    const current = await getItem(tx.db, item.id)
    // Moved aside while the agent worked: the commit stays on the branch, nobody judges it now.
    if (current?.state === 'running') {
      await transition(tx, current, 'checking', {
        actor: 'tutti',
        why: 'The agent is done.',
        set: { headSha: ending.head },
      })
      await tx.enqueue({ queue: 'run-gates', runId: lease.runId })
    } else {
      await tx.enqueue({ queue: 'after-run', runId: lease.runId })
    }
    return
  }
  const { outcome, summary, signature = null, lesson = summary } = ending
  const leave = isPlanning(run) ? leavePlanning : endRun
  await leave(tx, lease, { outcome, summary, signature, lesson })
  await tx.enqueue({
    queue: 'after-run',
    runId: lease.runId,
    ...(ending.resetAt ? { resetAt: ending.resetAt.toISOString() } : {}),
  })
}
