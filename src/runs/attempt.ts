/**
 * One attempt: a pipeline over one run. Workspace → agent → commit → on to the gates. Whatever happens on the way ends
 * in one place (`finish`), in one transaction, under the lease.
 */

import { join } from 'node:path'
import { type Sha, sha } from '../config/ids.ts'
import { advance, getItem, getSystem, type ItemRow, type SystemRow } from '../store/items.ts'
import { type Pulse, type StopReason, startPulse } from '../store/pulse.ts'
import { claimRun, endRun, type Lease, LeaseLost, type RunRow, updateRun } from '../store/runs.ts'
import { worktrees } from '../store/schema.ts'
import { BaseGone, freshen } from '../store/systems.ts'
import type { Violation } from '../workspace/check.ts'
import type { Control } from '../workspace/control.ts'
import { headRef } from '../workspace/history.ts'
import { validBranch } from '../workspace/names.ts'
import type { Worktree } from '../workspace/records.ts'
import type { AgentOutcome, AgentUpdate } from './agent/outcome.ts'
import { runAgent } from './agent/run.ts'
import { reviewsFor, wasJudged } from './feedback.ts'
import type { Outcome } from './ladder.ts'
import type { RunParts } from './parts.ts'
import { promptFor } from './prompt.ts'
import { touchedBy } from './touched.ts'

/** Everything an agent may print in one attempt. */
const outputBytes = 256 * 2 ** 20
const author = { name: 'Tutti', email: 'tutti@users.noreply.github.com' }

/** How an attempt ended. */
export type Ending =
  | { outcome: 'finished'; head: Sha; summary: string }
  | {
      outcome: Exclude<Outcome, 'finished'>
      summary: string
      /** What the next attempt should know; the summary when absent. */
      lesson?: string
      signature?: string
      resetAt?: Date
    }

interface Attempt {
  parts: RunParts
  lease: Lease
  run: RunRow
  item: ItemRow
  system: SystemRow
  pulse: Pulse
  signal: AbortSignal
}

/** Takes a waiting run and carries it out. Nothing happens when somebody else has it. */
export async function attempt(parts: RunParts, runId: number, stop: AbortController): Promise<void> {
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
    const one: Attempt = { parts, lease, run, item, system, pulse, signal: stop.signal }
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
  const { parts, run, system, signal } = one
  const control = await parts.control(system)
  const { settings, base } = await freshen(parts.store, system, control)
  const kind = parts.agents.get(run.agent)
  if (!kind) return { outcome: 'agent not installed', summary: `There is no agent called ${run.agent}.` }
  const worktree = await prepare(one, control, sha(base))
  const home = join(parts.env.dataDirectory, 'homes', `run-${run.id}`)
  const outcome = await runAgent({
    kind,
    settings: settings.agents[run.agent],
    cwd: worktree.path,
    home,
    prompt: promptFor({
      repository: system.fullName,
      issueNumber: one.item.issueNumber,
      title: one.item.title,
      body: one.item.body,
      attempt: run.attempt,
      branch: one.item.branch,
      feedback: run.feedback,
      reviews: await reviewsFor(parts, one.item, run),
      protectedPaths: ['.github/', 'CODEOWNERS', ...settings.gates.protected],
      gateCommands: settings.gates.commands.map((command) => command.run),
    }),
    runId: String(run.id),
    env: parts.env.source,
    limits: {
      totalMs: settings.limits.minutes * 60_000,
      idleMs: settings.limits.idleMinutes * 60_000,
      outputBytes,
      graceMs: parts.env.STOP_GRACE_SECONDS * 1_000,
    },
    signal,
    warden: parts.warden,
    onUpdate: (update) => {
      one.pulse.progress = progressOf(update) ?? one.pulse.progress
      for (const path of touchedBy(update, worktree.path)) one.pulse.touched.add(path)
    },
    logFile: join(parts.env.dataDirectory, 'logs', `run-${run.id}.log`),
  })
  return conclude(one, control, worktree, sha(base), outcome)
}

/** The worktree of this attempt, and its row: cleanup must find it whatever happens next. */
async function prepare({ parts, item, run, system }: Attempt, control: Control, base: Sha): Promise<Worktree> {
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
  control: Control,
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

function unsafe(violations: Violation[]): Ending {
  const rows = violations.slice(0, 20).map((one) => `- \`${one.path}\` ${one.reason}`)
  return {
    outcome: 'unsafe change',
    summary: `The change was not taken: ${violations[0]?.path} ${violations[0]?.reason}.`,
    lesson: `The change was not taken. Mend these:\n\n${rows.join('\n')}`,
    signature: `unsafe ${[...new Set(violations.map((one) => one.kind))].join(', ')}`,
  }
}

function failureOf(outcome: AgentOutcome): Ending | undefined {
  switch (outcome.kind) {
    case 'missing-program':
      return {
        outcome: 'agent not installed',
        summary: `The program \`${outcome.program}\` is not there. On the machine that runs Tutti: ${outcome.install}. Then say \`/retry\`.`,
      }
    case 'needs-login':
      return {
        outcome: 'agent not logged in',
        summary: `The agent asks for a login: ${outcome.message}. On the machine that runs Tutti: ${outcome.install}. Then say \`/retry\`.`,
      }
    case 'crashed': {
      const how = outcome.signal ? `signal ${outcome.signal}` : `exit code ${outcome.exitCode}`
      return {
        outcome: 'crashed',
        summary: `The agent ended with ${how}.`,
        lesson: `The agent ended with ${how}. Its last output:\n\n${outcome.tail}`,
        signature: `crashed ${how}`,
      }
    }
    case 'idle':
      return {
        outcome: 'hanging',
        summary: `The agent was silent for ${minutes(outcome.afterMs)} and was ended.`,
        signature: 'hanging',
      }
    case 'time-limit':
      return {
        outcome: 'out of time',
        summary: `The agent was ended after ${minutes(outcome.afterMs)}.`,
        signature: 'out of time',
      }
    case 'protocol-error':
      return {
        outcome: 'protocol error',
        summary: `The agent broke the protocol: ${outcome.message}.`,
        signature: `protocol ${outcome.reason}`,
      }
    case 'refused':
      return { outcome: 'refused the task', summary: `The agent refused: ${outcome.message}` }
    case 'rate-limited':
      return {
        outcome: 'rate limited',
        summary: outcome.message,
        ...(outcome.resetAt ? { resetAt: new Date(outcome.resetAt) } : {}),
      }
    default:
      return undefined
  }
}

function minutes(ms: number): string {
  return ms < 90_000 ? `${Math.round(ms / 1_000)} s` : `${Math.round(ms / 60_000)} minutes`
}

function stopped(reason: StopReason): Ending {
  if (reason === 'lease lost') throw new LeaseLost('somebody else has taken over')
  if (reason === 'shutdown')
    return { outcome: 'runner lost', summary: 'Tutti was stopped; the work goes on when it is back.' }
  return { outcome: 'stopped', summary: 'Stopped on request.' }
}

function endingOf(error: unknown, { log }: RunParts): Ending {
  if (error instanceof LeaseLost) throw error
  const message = error instanceof Error ? error.message : String(error)
  if (error instanceof BaseGone) return { outcome: 'base branch gone', summary: message }
  log.error({ err: error }, 'the workspace of a run failed')
  return { outcome: 'workspace failed', summary: message, signature: message }
}

/** Writes the ending under the lease and wakes whoever goes on: the gates, or the ladder. */
async function finish({ parts, lease, item }: Attempt, ending: Ending): Promise<void> {
  await parts.store.transaction(async (tx) => {
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
    await endRun(tx, lease, { outcome, summary, signature, lesson })
    await tx.enqueue({
      queue: 'settle',
      runId: lease.runId,
      ...(ending.resetAt ? { resetAt: ending.resetAt.toISOString() } : {}),
    })
  })
}

/** An update of the agent as one line for people. */
function progressOf(update: AgentUpdate): string | undefined {
  if (update.kind === 'plan') {
    const done = update.entries.filter((entry) => entry.status === 'completed').length
    const current = update.entries.find((entry) => entry.status === 'in_progress')
    return `Step ${Math.min(done + 1, update.entries.length)} of ${update.entries.length}${current ? `: ${current.text}` : ''}`
  }
  if (update.kind === 'tool') return update.title
  return undefined
}
