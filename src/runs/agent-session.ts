/** One session of a run with its agent: its home, its tools, its limits, and its progress. */

import { mkdir, open } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentKind } from '../agents/agent.ts'
import type { AgentOutcome, AgentUpdate } from '../agents/drivers/agent-run.ts'
import type { PermissionRule } from '../agents/drivers/permission-requests.ts'
import { supervise } from '../agents/drivers/supervise.ts'
import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { updateRun } from '../db/runs.ts'
import { spentOnItem } from '../db/usage.ts'
import type { AssembledContext } from '../domain/context-budget.ts'
import { removeFolder } from '../git/files.ts'
import { currencyOf } from '../lib/money.ts'
import { cleanText, truncate } from '../lib/sanitise-text.ts'
import { stepProgress } from '../messages/runs.ts'
import type { Attempt, RunContext } from './context.ts'
import { watchHealth } from './health-watch.ts'
import { serveTools, type Tool } from './mcp/serve.ts'
import { progressTool } from './mcp/tools.ts'
import { type MeterLimits, meterUsage } from './usage-meter.ts'
import { wantsThread } from './wants-thread.ts'

/** Of the end of a run's log, for people. */
const tailBytes = 64 * 2 ** 10
const tailLines = 20
/** Bytes that an agent may print in one attempt. */
const outputBytes = 256 * 2 ** 20

/** What a session is about; see `runAgentSession`. */
interface SessionRequest {
  kind: AgentKind
  settings: Settings
  cwd: string
  prompt: AssembledContext
  tools: readonly Tool[]
  permissions?: PermissionRule
  onUpdate?: (update: AgentUpdate) => void
}

/**
 * Runs the agent of an attempt in a folder until it has answered, failed or was stopped.
 * @param session.tools its tools besides reporting progress.
 * @param session.onUpdate called for everything that the agent shows.
 * @param session.permissions what it may do without asking; everything inside its folder when not given.
 * @throws {OperatorError} as `supervise`.
 */
export async function runAgentSession(attempt: Attempt, session: SessionRequest): Promise<AgentOutcome> {
  const { context, lease, run, item, heartbeat, signal, atWork } = attempt
  const { kind, settings, cwd, prompt, permissions } = session
  const { env, log, reaper } = context
  const about = { run: run.id, issue: item.issueNumber }
  const home = join(env.dataDirectory, 'homes', `run-${run.id}`)
  const progress = progressTool((text) => {
    heartbeat.progress = text
  })
  // A plain command cannot call tools. They stay in this thread, also when the supervisor has its own: they only write to
  // the database, and an agent calls them a few times in a run.
  const toolServer =
    kind.protocol === 'acp' ? await serveTools({ home, tools: [...session.tools, progress], log }) : undefined
  const logs = join(env.dataDirectory, 'logs')
  await mkdir(logs, { recursive: true, mode: 0o700 })
  const inThread = wantsThread(settings.schedule.mode, atWork())
  if (inThread) await updateRun(context.store.db, lease, { inThread })
  // The last moment before the agent is there: a process that was frozen until now starts none.
  if (!heartbeat.held()) attempt.stop('lease lost')
  logPressure(prompt, about, log)
  const variables = await context.variables(attempt.repo.fullName, 'agent')
  const meter = await meterLimits(attempt, settings)
  const health = watchHealth(attempt)
  try {
    const outcome = await supervise({
      kind: { ...kind, env: [...kind.env, ...Object.keys(variables)] },
      settings: settings.agents[run.agent],
      cwd,
      home,
      prompt: prompt.text,
      permissions,
      ...(toolServer ? { mcpServers: [toolServer.server] } : {}),
      runId: String(run.id),
      env: { ...env.source, ...variables },
      hidden: Object.values(variables),
      limits: {
        totalMs: settings.limits.minutes * 60_000,
        idleMs: settings.limits.idleMinutes * 60_000,
        outputBytes,
        graceMs: env.STOP_GRACE_SECONDS * 1_000,
      },
      signal,
      reaper,
      onStarted: health.started,
      onUpdate: (update) => {
        health.updated(update)
        heartbeat.progress = progressOf(update) ?? heartbeat.progress
        session.onUpdate?.(update)
      },
      onUsage: meterUsage(attempt, meter),
      logFile: logFileOf(env, run.id),
      inThread,
      onThread: (thread) => log.info({ ...about, thread }, 'an agent is supervised in another thread'),
    })
    if (outcome.kind === 'supervisor-lost')
      log.error(
        { ...about, problem: outcome.message },
        'the thread that supervised an agent was lost; the agent was ended',
      )
    return outcome
  } finally {
    health.stop()
    await toolServer?.close()
    // It may hold what the agent logged in with, and tens of megabytes of its own.
    await removeFolder(home).catch((err) => log.warn({ ...about, err }, 'the home of a run could not be removed'))
  }
}

/** The operator sees when agents get less to read than there is. */
function logPressure(prompt: AssembledContext, about: object, log: RunContext['log']): void {
  const { total, pools, tiers } = prompt
  const full = Object.entries(pools).filter(([, { pressure }]) => pressure !== 'normal')
  if (full.length === 0 && tiers.length === 0) return
  const used = Object.fromEntries(full.map(([pool, use]) => [pool, `${use.used} of ${use.soft}`]))
  log.warn(
    { ...about, tokens: total.used, pools: used, tiers },
    'there is more to read than fits into the context of an agent',
  )
}

/** Only what counts in the currency of the limits is held against the item. */
async function meterLimits({ context, item, run }: Attempt, { limits, agents }: Settings): Promise<MeterLimits> {
  const spent = limits.spendPerItem === undefined ? [] : await spentOnItem(context.store.db, item.id)
  const itemSpent = spent.find(({ currency }) => currency === currencyOf(limits))?.millionths ?? 0
  return { limits, prices: agents[run.agent]?.prices, itemSpent }
}

function logFileOf({ dataDirectory }: Pick<Env, 'dataDirectory'>, runId: number): string {
  return join(dataDirectory, 'logs', `run-${runId}.log`)
}

/** The end of the log of a run, as people see it on the issue; '' where there is none. */
export async function tailOfLog({ env }: Pick<RunContext, 'env'>, runId: number): Promise<string> {
  try {
    const file = await open(logFileOf(env, runId))
    try {
      const { size } = await file.stat()
      const { buffer, bytesRead } = await file.read({
        buffer: Buffer.alloc(tailBytes),
        position: Math.max(0, size - tailBytes),
      })
      const lines = cleanText(buffer.subarray(0, bytesRead).toString('utf8')).split('\n')
      // The first one may have lost its beginning. Frames of the protocol are not for people.
      const told = lines.slice(size > tailBytes ? 1 : 0).filter((line) => !/^stdout\| \{/.test(line))
      return told
        .map((line) => truncate(line, 300))
        .slice(-tailLines)
        .join('\n')
        .trim()
    } finally {
      await file.close()
    }
  } catch {
    // A log that cannot be read must not change the outcome of the run.
    return ''
  }
}

/** An update of the agent as one line of progress; undefined when it shows none. */
function progressOf(update: AgentUpdate): string | undefined {
  if (update.kind === 'plan') {
    const done = update.entries.filter((entry) => entry.status === 'completed').length
    const current = update.entries.find((entry) => entry.status === 'in_progress')
    return stepProgress(Math.min(done + 1, update.entries.length), update.entries.length, current?.text)
  }
  if (update.kind === 'tool') return update.title
  return undefined
}
