/** One session of a run with its agent: its home, its tools, its limits, and its progress. */

import { type AgentKind, providerOf } from '../agents/agent.ts'
import { modelForbidden } from '../agents/configured.ts'
import type { AgentLimits, AgentOutcome, AgentUpdate } from '../agents/drivers/agent-run.ts'
import { supervise } from '../agents/drivers/supervise.ts'
import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { updateRun } from '../db/runs.ts'
import { spentOnItem } from '../db/usage.ts'
import { type AgentRole, chooseModel, settingsRole } from '../domain/choose-agent.ts'
import type { AssembledContext } from '../domain/context-budget.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { findOnPath } from '../lib/find-on-path.ts'
import { currencyOf } from '../lib/money.ts'
import { cleanText, truncate } from '../lib/sanitise-text.ts'
import { modelNotOffered } from '../messages/agents.ts'
import { agentName } from '../messages/crew.ts'
import { stepProgress } from '../messages/runs.ts'
import type { Box } from '../sandbox/sandbox.ts'
import { agentBox, homeOf } from './boxes.ts'
import type { Attempt, RunContext } from './context.ts'
import type { CrewSession } from './crew-session.ts'
import { passedDay } from './day-limits.ts'
import { type KnownSession, leaveHome } from './earlier-session.ts'
import { watchHealth } from './health-watch.ts'
import { serveTools, type Tool, type ToolServer } from './mcp/serve.ts'
import { progressTool } from './mcp/tools.ts'
import { roleFile } from './roles.ts'
import { openSharedLog, startSharedLog } from './shared-log.ts'
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
  control: Pick<BareClone, 'bindings'>
  settings: Settings
  cwd: string
  prompt: AssembledContext
  tools: readonly Tool[]
  crew: CrewSession
  /** The session to go on with, and what its agent is told then. */
  earlier?: KnownSession & { prompt: AssembledContext }
  onUpdate?: (update: AgentUpdate) => void
}

/**
 * Runs the agent of an attempt in a folder until it has answered, failed or was stopped. The file of its role says
 * what it may do, and which of the tools it gets.
 * @param session.tools its tools besides reporting progress and those of the crew.
 * @param session.onUpdate called for everything that the agent shows.
 * @throws {OperatorError} as `supervise`.
 */
export async function runAgentSession(attempt: Attempt, session: SessionRequest): Promise<AgentOutcome> {
  const { context, lease, run, item, heartbeat, signal, atWork } = attempt
  const { kind, settings, cwd, prompt } = session
  const { readsOnly, ...rights } = rightsOf(settingsRole(run.purpose))
  const { env, log, reaper } = context
  const about = { run: run.id, issue: item.issueNumber, agent: agentName(run) }
  const model = chooseModel(settings, settingsRole(run.purpose), run.agent)
  if (modelForbidden(kind, model)) return modelNotAllowed(kind, model)
  const variables = await context.variables(attempt.repo.fullName, 'agent')
  const meter = await meterLimits(attempt, settings)
  heartbeat.onUsed = async () => {
    const passed = await passedDay(context.store.db, item.repositoryId, settings, env)
    if (passed) attempt.stop(passed)
  }
  const home = homeOf(env.dataDirectory, run)
  const shown = followSession(attempt, session)
  const toolServer = await toolsFor(attempt, session, { home, onReport: shown.reported })
  const inThread = wantsThread(settings.schedule.mode, atWork())
  logPressure(prompt, about, log)
  let box: Box | undefined
  const runLog = await startSharedLog(context, run.id)
  const health = watchHealth(attempt)
  try {
    box = await agentBox(context.sandbox, {
      ...{ control: session.control, settings, kind, cwd, home, env: env.source },
      readsOnly,
      paths: toolServer?.paths ?? [],
    })
    await updateRun(context.store.db, lease, { inThread, sandboxed: box !== undefined })
    // The last moment before the agent is there: a process that was frozen until now starts none.
    if (!heartbeat.held()) attempt.stop('lease lost')
    box?.overDisk.addEventListener('abort', () => attempt.stop('over disk'))
    const outcome = await supervise({
      ...(box ? { wrap: box.wrap } : {}),
      kind: { ...kind, env: [...kind.env, ...Object.keys(variables)] },
      settings: { ...settings.agents[run.agent], ...(model ? { model } : {}) },
      cwd,
      home,
      prompt: prompt.text,
      ...(session.earlier ? { earlier: { id: session.earlier.id, prompt: session.earlier.prompt.text } } : {}),
      ...rights,
      ...(toolServer ? { mcpServers: [toolServer.server] } : {}),
      runId: String(run.id),
      env: { ...env.source, ...variables },
      hidden: Object.values(variables),
      limits: limitsOf(settings, env),
      signal,
      reaper,
      onStarted: health.started,
      onUpdate: (update) => {
        health.updated(update)
        shown.updated(update)
      },
      onUsage: meterUsage(attempt, { ...meter, before: shown.usedBefore }),
      logFile: runLog.file,
      inThread,
      onThread: (thread) => log.info({ ...about, thread }, 'an agent is supervised in another thread'),
    })
    reportOutcome(attempt, outcome)
    return outcome
  } finally {
    await closeBox(box, about, log)
    health.stop()
    await runLog.end()
    await toolServer?.close()
    await leaveHome(attempt, { kind, home, sessionId: shown.lasting() })
  }
}

/** What the file of its role lets an agent do: of itself, in its sandbox, and by the mode of its program. */
function rightsOf(role: AgentRole) {
  return roleFile(role).permissions === 'read-only'
    ? ({ readsOnly: true, permissions: 'reading-only', purpose: 'plan' } as const)
    : ({ readsOnly: false, permissions: 'inside-roots', purpose: 'build' } as const)
}

/** Follows what the agent of a session shows: its progress, and the session itself. */
function followSession(attempt: Attempt, { kind, earlier, onUpdate }: SessionRequest) {
  const { heartbeat } = attempt
  let open: Extract<AgentUpdate, { kind: 'session' }> | undefined
  // What the agent reports itself says more than the title of a tool, which may be that of this very report.
  let hasReported = false
  return {
    reported: () => {
      hasReported = true
    },
    updated(update: AgentUpdate) {
      const progress = hasReported && update.kind === 'tool' ? undefined : progressOf(update)
      heartbeat.progress = progress ?? heartbeat.progress
      if (update.kind === 'session') {
        open = update
        recordSession(attempt, kind, update)
      }
      onUpdate?.(update)
    },
    /** What was used before in the session that goes on; undefined in a new one. */
    usedBefore: () => (open?.continued ? earlier?.used : undefined),
    /** The session that a later run can go on with. */
    lasting: () => (open?.lasting ? open.id : undefined),
  }
}

/**
 * The server of its tools; a plain command cannot call any. It stays in this thread, also when the supervisor has another:
 * tools only write to the database, and an agent calls them a few times in a run.
 */
async function toolsFor(
  { context, heartbeat, run }: Attempt,
  { kind, crew, tools }: SessionRequest,
  { home, onReport }: { home: string; onReport: () => void },
): Promise<ToolServer | undefined> {
  if (kind.protocol !== 'acp') return undefined
  const progress = progressTool((text) => {
    onReport()
    heartbeat.progress = text
  })
  const given = tools.filter(({ name }) => roleFile(settingsRole(run.purpose)).tools.includes(name))
  const socat = findOnPath('socat', context.env.source.PATH)
  return serveTools({ home, tools: [...crew.notifying([...given, progress]), ...crew.tools], log: context.log, socat })
}

function limitsOf({ limits }: Settings, env: Env): AgentLimits {
  return {
    totalMs: limits.minutes * 60_000,
    idleMs: limits.idleMinutes * 60_000,
    outputBytes,
    graceMs: env.STOP_GRACE_SECONDS * 1_000,
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

/** What it was refused is for the operator: a server that is missing from a list is found here. */
async function closeBox(box: Box | undefined, about: object, log: RunContext['log']): Promise<void> {
  if (!box) return
  if (box.refusedHosts.length > 0)
    log.warn({ ...about, hosts: box.refusedHosts }, 'an agent asked for servers that its sandbox does not let it reach')
  await box.close()
}

/** Keeps who works, with which model and provider. A run goes on without it: the record is for people. */
function recordSession(
  { context: { store, log }, lease, run, item }: Attempt,
  kind: AgentKind,
  { program, model }: Extract<AgentUpdate, { kind: 'session' }>,
): void {
  const provider = providerOf(kind, model)
  const about = { run: run.id, issue: item.issueNumber, purpose: run.purpose, agent: agentName(run) }
  log.info({ ...about, program, model, provider }, 'the session of an agent is open')
  updateRun(store.db, lease, { program, model, provider }).catch((err) =>
    log.warn({ err, run: run.id }, 'the model of a run was not recorded'),
  )
}

function modelNotAllowed(kind: AgentKind, model: string | undefined): AgentOutcome {
  return {
    kind: 'provider-failed',
    problem: 'model',
    message: modelNotOffered(model ?? '', kind.operator?.models ?? []),
  }
}

const operatorMustAct = 'an agent cannot work before its operator acts: its login, its credit or its model'

/** Says to the operator what only the operator can mend. */
function reportOutcome({ context, run, item }: Attempt, outcome: AgentOutcome): void {
  const about = { run: run.id, issue: item.issueNumber, agent: run.agent }
  const problem = problemForOperator(outcome)
  if (problem) context.log.error({ ...about, problem: context.redact(problem) }, operatorMustAct)
  if (outcome.kind === 'supervisor-lost')
    context.log.error(
      { ...about, problem: outcome.message },
      'the thread that supervised an agent was lost; the agent was ended',
    )
}

/** What the provider says where only the operator can mend it. */
function problemForOperator(outcome: AgentOutcome): string | undefined {
  if (outcome.kind === 'needs-login') return outcome.message
  const mendable = outcome.kind === 'provider-failed' && (outcome.problem === 'billing' || outcome.problem === 'model')
  return mendable ? outcome.message : undefined
}

/** Only what counts in the currency of the limits is held against the item. */
async function meterLimits({ context, item, run }: Attempt, { limits, agents }: Settings): Promise<MeterLimits> {
  const spent = limits.spendPerItem === undefined ? [] : await spentOnItem(context.store.db, item.id)
  const itemSpent = spent.find(({ currency }) => currency === currencyOf(limits))?.millionths ?? 0
  return { limits, prices: agents[run.agent]?.prices, itemSpent }
}

/** The end of the log of a run, as people see it on the issue; '' where there is none. */
export async function tailOfLog(place: Pick<RunContext, 'env' | 'store'>, runId: number): Promise<string> {
  try {
    const file = await openSharedLog(place, runId)
    if (!file) return ''
    try {
      const from = Math.max(file.begin, file.end - tailBytes)
      const bytes = await file.read(from, Math.min(tailBytes, file.end - from))
      const lines = cleanText(bytes.toString('utf8')).split('\n')
      // The first one may have lost its beginning. Frames of the protocol are not for people.
      const shown = lines.slice(from > file.begin ? 1 : 0).filter((line) => !/^stdout\| \{/.test(line))
      return shown
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
