/**
 * One attempt: a pipeline over one run. Workspace → agent → commit → on to the gates. Whatever happens on the way ends
 * in one place (`finish`), in one transaction, under the lease.
 */

import { join } from 'node:path'
import type { AgentOutcome } from '../agents/drivers/agent-run.ts'
import type { Tx } from '../db/connect.ts'
import { approvedPlan, roundsOf } from '../db/plans.ts'
import { BaseGone, freshen } from '../db/repositories.ts'
import {
  claimRun,
  endRun,
  isPlanning,
  type Lease,
  LeaseLost,
  leavePlanning,
  type RunRow,
  updateRun,
} from '../db/runs.ts'
import { worktrees } from '../db/schema/core.ts'
import { keepUsage } from '../db/usage.ts'
import { advance, getItem, getSystem, type ItemRow, type SystemRow } from '../db/work-items.ts'
import { loopNamed, settingsInLoop } from '../domain/workflows.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { headRef } from '../git/history.ts'
import { validBranch } from '../git/names.ts'
import type { Worktree } from '../git/worktree-records.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { answersForAgent, planForAgent } from '../messages/plans.ts'
import { converse } from './agent-session.ts'
import type { RunParts } from './context.ts'
import { touchedBy } from './edited-files.ts'
import { reviewsFor, wasJudged } from './feedback.ts'
import { type Pulse, type StopReason, startPulse } from './heartbeat.ts'
import { type Ending, failureOf, stopped, unsafe } from './outcomes.ts'
import { makePlan } from './planning-run.ts'
import { promptFor } from './prompt.ts'

const author = { name: 'Tutti', email: 'tutti@users.noreply.github.com' }

/** One attempt on its way. */
export interface Attempt {
  parts: RunParts
  lease: Lease
  run: RunRow
  item: ItemRow
  system: SystemRow
  pulse: Pulse
  signal: AbortSignal
  /** Ends the agent; the first reason counts. */
  stop(reason: StopReason): void
  /** Attempts that this process carries out now, this one among them. */
  atWork: () => number
}

/**
 * Takes a waiting run and carries it out. Nothing happens when somebody else has it.
 * @param atWork how many attempts this process carries out when it is asked, this one among them.
 */
export async function attempt(
  parts: RunParts,
  runId: number,
  stop: AbortController,
  atWork: () => number,
): Promise<void> {
  const claimed = await claimRun(parts.store.db, runId, parts.instance, 'waiting')
  if (!claimed) return
  const { lease, run } = claimed
  const pulse = startPulse(parts.store, lease, {
    everyMs: parts.env.HEARTBEAT_SECONDS * 1_000,
    timeoutMs: parts.env.HEARTBEAT_TIMEOUT_SECONDS * 1_000,
    onStop: (reason) => stop.abort(reason),
  })
  try {
    const item = await getItem(parts.store.db, run.workItemId)
    const system = item && (await getSystem(parts.store.db, item.systemId))
    if (!item || !system) throw new Error(`run ${runId} has no item`)
    const one: Attempt = {
      parts,
      lease,
      run,
      item,
      system,
      pulse,
      signal: stop.signal,
      stop: (reason) => stop.abort(reason),
      atWork,
    }
    const ending = run.stop ? stopped('asked') : await work(one).catch((error) => endingOf(error, parts))
    await finish(one, ending)
  } catch (error) {
    if (!(error instanceof LeaseLost)) throw error
    parts.log.warn({ run: runId }, 'the lease of a run was lost; its agent was ended and nothing was written')
  } finally {
    pulse.stop()
  }
}

async function work(one: Attempt): Promise<Ending> {
  const { parts, run, system } = one
  const control = await parts.control(system)
  const { settings, base } = await freshen(parts.store, system, control)
  const kind = parts.agents.get(run.agent)
  if (!kind) return { outcome: 'agent not installed', summary: `There is no agent called ${run.agent}.` }
  if (isPlanning(run)) return makePlan(one, { control, settings, base: sha(base), kind })
  const worktree = await prepare(one, control, sha(base))
  const plan = await approvedPlan(parts.store.db, one.item)
  const loop = loopNamed(settings, one.item.loop)
  const checks = settingsInLoop(settings, one.item.loop).gates.commands
  const outcome = await converse(one, {
    kind,
    settings,
    cwd: worktree.path,
    prompt: promptFor({
      repository: system.fullName,
      issueNumber: one.item.issueNumber,
      title: one.item.title,
      body: one.item.body,
      attempt: run.attempt,
      branch: one.item.branch,
      answers: answersForAgent(await roundsOf(parts.store.db, one.item.id)),
      plan: plan && planForAgent(plan),
      loop,
      feedback: run.feedback,
      reviews: await reviewsFor(parts, one.item, run),
      protectedPaths: ['.github/', 'CODEOWNERS', ...settings.gates.protected],
      gateCommands: checks.map((command) => command.run),
    }),
    tools: [],
    onUpdate: (update) => {
      for (const path of touchedBy(update, worktree.path)) one.pulse.touched.add(path)
    },
  })
  return conclude(one, control, worktree, sha(base), outcome)
}

/** The worktree of this attempt, and its row: cleanup must find it whatever happens next. */
async function prepare({ parts, item, run, system }: Attempt, control: BareClone, base: Sha): Promise<Worktree> {
  const branch = validBranch(item.branch)
  const path = join(parts.env.dataDirectory, 'worktrees', system.fullName.replace('/', '__'), item.module)
  const row = { path, branch, baseSha: base, removedAt: null }
  await parts.store.db
    .insert(worktrees)
    .values({ workItemId: item.id, ...row })
    .onConflictDoUpdate({ target: worktrees.workItemId, set: row })
  // What is on the server is the start: a person may have added commits to the pull request.
  const [mine, theirs] = [await control.resolve(headRef(branch)), await control.remoteHead(branch)]
  const behind = theirs && mine && mine !== theirs && !(await control.isAncestor(theirs, mine))
  if (run.startClean || behind) await control.removeWorktree({ path, branch })
  return control.addWorktree({ path, branch, base: theirs ?? base })
}

async function conclude(
  one: Attempt,
  control: BareClone,
  worktree: Worktree,
  base: Sha,
  outcome: AgentOutcome,
): Promise<Ending> {
  if (outcome.kind === 'stopped') return stopped(one.signal.reason as StopReason)
  const failure = failureOf(outcome)
  if (failure) return failure
  const summary = outcome.kind === 'finished' ? outcome.summary : ''
  const message = `${one.item.title}\n\nIssue: #${one.item.issueNumber}\nAttempt: ${one.run.attempt}`
  const committed = await control.commit(worktree, { message, author })
  if (committed.kind === 'refused') return unsafe(committed.violations)
  const head = committed.sha
  // A commit of an attempt that died before it could say so counts; one the gates have refused does not.
  if (head === base || (await wasJudged(one.parts.store.db, one.item.id, head))) {
    const said = summary ? ` It said: ${summary}` : ''
    return {
      outcome: 'no change',
      summary: `The agent ended without changing anything.${said}`,
      signature: 'no change',
    }
  }
  const { text } = await control.diff(base, head, 8 * 2 ** 20)
  if (one.parts.holdsSecret(text)) {
    return {
      outcome: 'secret in the change',
      summary: "The change holds one of Tutti's own secrets; it was not pushed.",
    }
  }
  return { outcome: 'finished', head, summary }
}

function endingOf(error: unknown, { log }: RunParts): Ending {
  if (error instanceof LeaseLost) throw error
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof BaseGone) return { outcome: 'base branch gone', summary: message }
  log.error({ err: error }, 'the workspace of a run failed')
  return { outcome: 'workspace failed', summary: message, signature: message }
}

/** Writes the ending under the lease and wakes whoever goes on: the gates, or the ladder. */
async function finish(one: Attempt, ending: Ending): Promise<void> {
  const { used } = one.pulse
  await one.parts.store.transaction(async (tx) => {
    await write(tx, one, ending)
    if (Object.keys(used).length > 0) await keepUsage(tx.db, one.run, used, new Date())
  })
}

async function write(tx: Tx, { lease, item, run }: Attempt, ending: Ending): Promise<void> {
  if (ending.outcome === 'planned') {
    await leavePlanning(tx, lease, { outcome: 'planned', summary: ending.summary, counts: false })
    await tx.enqueue({ queue: 'planned', runId: lease.runId })
    return
  }
  if (ending.outcome === 'finished') {
    await updateRun(tx.db, lease, { stage: 'gates', headSha: ending.head, summary: ending.summary, leaseOwner: null })
    const current = await getItem(tx.db, item.id)
    // Moved aside while the agent worked: the commit stays on the branch, nobody judges it now.
    if (current?.state === 'running') {
      await advance(tx, current, 'checking', {
        actor: 'tutti',
        why: 'The agent is done.',
        set: { headSha: ending.head },
      })
      await tx.enqueue({ queue: 'check', runId: lease.runId })
    } else {
      await tx.enqueue({ queue: 'settle', runId: lease.runId })
    }
    return
  }
  const { outcome, summary, signature = null, lesson = summary } = ending
  const leave = isPlanning(run) ? leavePlanning : endRun
  await leave(tx, lease, { outcome, summary, signature, lesson })
  await tx.enqueue({
    queue: 'settle',
    runId: lease.runId,
    ...(ending.resetAt ? { resetAt: ending.resetAt.toISOString() } : {}),
  })
}
