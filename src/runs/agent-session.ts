/** One session of a run with its agent: its home, its tools, its limits, and its progress. */

import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { AgentKind } from '../agents/agent.ts'
import type { AgentOutcome, AgentUpdate } from '../agents/drivers/agent-run.ts'
import type { PermissionRule } from '../agents/drivers/permission-requests.ts'
import { supervise } from '../agents/drivers/supervise.ts'
import type { Settings } from '../config/settings.ts'
import { updateRun } from '../db/runs.ts'
import { stepProgress } from '../messages/runs.ts'
import type { Attempt } from './context.ts'
import { serveTools, type Tool } from './mcp/serve.ts'
import { progressTool } from './mcp/tools.ts'
import { meterUsage } from './usage-meter.ts'
import { wantsThread } from './wants-thread.ts'

/** Bytes that an agent may print in one attempt. */
const outputBytes = 256 * 2 ** 20

/** What a session is about; see `runAgentSession`. */
interface SessionRequest {
  kind: AgentKind
  settings: Settings
  cwd: string
  prompt: string
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
  const variables = await context.variables(attempt.repo.fullName, 'agent')
  try {
    const outcome = await supervise({
      kind: { ...kind, env: [...kind.env, ...Object.keys(variables)] },
      settings: settings.agents[run.agent],
      cwd,
      home,
      prompt,
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
      onUpdate: (update) => {
        heartbeat.progress = progressOf(update) ?? heartbeat.progress
        session.onUpdate?.(update)
      },
      onUsage: meterUsage(attempt, settings.limits),
      logFile: join(logs, `run-${run.id}.log`),
      inThread,
      onThread: (thread) => log.info({ ...about, thread }, 'an agent is supervised in a thread of its own'),
    })
    if (outcome.kind === 'supervisor-lost')
      log.error(
        { ...about, problem: outcome.message },
        'the thread that supervised an agent was lost; the agent was ended',
      )
    return outcome
  } finally {
    await toolServer?.close()
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
