/** The driver of agents with the Agent Client Protocol (ACP). */

import type { RequestPermissionRequest, ToolKind } from '@agentclientprotocol/sdk'
import { currentMs } from '../../lib/clock.ts'
import * as messages from '../../messages/agents.ts'
import { openSession, type SessionEnd, type SessionOptions } from './acp-session.ts'
import type { AgentOutcome, AgentUpdate } from './agent-run.ts'
import type { AgentDriver, AgentDriverOptions } from './driver.ts'
import { authMethod } from './environment.ts'
import { outcomeOfError } from './failure.ts'
import { jsonRpcFilter } from './json-rpc-filter.ts'
import { policies } from './permission-requests.ts'
import { type UpdateReader, updateReader } from './session-updates.ts'
import { throttleUpdates, type UpdateThrottle } from './throttle-updates.ts'

/** Bytes that the agent may leave unread besides the prompt: answers to thousands of requests. */
const maxUnread = 4 * 1024 * 1024

/** The stop reasons of ACP v1 with which a turn counts as done. The gates judge the result. */
const doneReasons: ReadonlySet<string> = new Set(['end_turn', 'max_tokens', 'max_turn_requests'])

/** Starts the session. */
export function createAcpDriver(options: AgentDriverOptions): AgentDriver {
  const { log } = options
  const reader = updateReader()
  const updates = updateSink(options)
  const longest = Math.max(...[options.prompt, options.earlier?.prompt ?? ''].map((text) => Buffer.byteLength(text)))
  const unreadLimit = maxUnread + longest * 2
  const refusals = refusalWatch()
  let over = false

  function seen(update: AgentUpdate): void {
    refusals.saw(update)
    updates.push(update)
  }

  function end(outcome: AgentOutcome): void {
    over = true
    options.onEnd(outcome)
  }

  const filter = jsonRpcFilter({
    send(line) {
      options.send(line)
      if (options.unreadBytes() <= unreadLimit) return
      end({ kind: 'protocol-error', reason: 'unread-input', message: messages.leavesAnswersUnread })
    },
    onFrame: options.onActivity,
    onUpdate(params) {
      // What an earlier session has shown is history: it was shown and counted then.
      if (session.replays()) return
      // Adapters may report sub-agents in sessions of their own. They show activity, and are no output of this agent.
      if (session.id() !== undefined && params.sessionId !== session.id()) return
      const update = readUpdate(reader, params.update, options)
      if (update) seen(update)
    },
    onInvalid: (description) => log.note(`dropped a line: ${description}`),
    onFail: (reason, message) => end({ kind: 'protocol-error', reason, message }),
  })

  const session = openSession({ ...sessionOptions(options, reader), stream: filter.stream, onUpdate: seen })
  const ended = session.ended.then(
    (sessionEnd) => outcomeOf(sessionEnd, { reader, refusals }, options),
    (error: unknown) => outcomeOfError(error, { ...failuresOf(options), now: currentMs() }),
  )
  let inputEnded = false
  // When the program has ended, `exited` reports the outcome, since it knows the exit code.
  void ended.then((outcome) => inputEnded || end(outcome))

  return {
    onOutput(source, chunk) {
      if (source === 'stderr') log.write('stderr', chunk)
      else if (!over) filter.push(chunk)
    },
    exited(exitCode, signal) {
      inputEnded = true
      return { kind: 'crashed', exitCode, signal, tail: log.tail() }
    },
    cancel: session.cancel,
    close() {
      over = true
      inputEnded = true
      filter.end()
      session.close()
      updates.close()
    },
  }
}

function sessionOptions(
  options: AgentDriverOptions,
  reader: UpdateReader,
): Omit<SessionOptions, 'stream' | 'onUpdate'> {
  const policy = policies[options.permissions ?? 'inside-roots'](options.roots)
  return {
    cwd: options.roots[0] ?? options.cwd,
    prompt: options.prompt,
    earlier: options.earlier,
    mcpServers: options.mcpServers ?? [],
    model: options.model,
    mode: options.mode,
    failures: failuresOf(options),
    initializeMs: options.limits.initializeMs,
    authMethod: authMethod(options.kind, options.launch.env),
    permissions: (request) => policy(withKnownCall(request, reader)),
  }
}

/** A request names only what has changed of its tool call: Codex leaves out that it is a command. */
function withKnownCall(request: RequestPermissionRequest, reader: UpdateReader): RequestPermissionRequest {
  const known = reader.call(request.toolCall.toolCallId)
  const { kind, locations } = request.toolCall
  if (!known) return request
  const toolCall = {
    ...request.toolCall,
    kind: kind ?? (known.tool as ToolKind),
    locations: locations ?? known.paths.map((path) => ({ path })),
  }
  return { ...request, toolCall }
}

function failuresOf({ kind, patterns }: Pick<AgentDriverOptions, 'kind' | 'patterns'>) {
  return { install: kind.install, ...(patterns ? { patterns } : {}) }
}

/** Whether a refused permission was the last thing that happened. */
interface RefusalWatch {
  saw(update: AgentUpdate): void
  /** Why the turn is not finished; undefined when the agent has said or done something since. */
  pending(): string | undefined
}

/** OpenCode ends its turn, as finished, when a permission is refused: nothing comes after it but the end of that call. */
function refusalWatch(): RefusalWatch {
  let refused: string | undefined
  return {
    saw(update) {
      if (update.kind === 'permission') {
        refused = update.allowed ? undefined : messages.endedAfterRefusal(update.title, update.reason)
      } else if (update.kind === 'text' || (update.kind === 'tool' && update.status === 'completed')) {
        refused = undefined
      }
    },
    pending: () => refused,
  }
}

/** Reads one update. New usage is reported at once, since the throttle leaves out some updates. */
function readUpdate(reader: UpdateReader, update: unknown, options: AgentDriverOptions): AgentUpdate | undefined {
  const before = reader.usage()
  const result = reader.read(update)
  const usage = reader.usage()
  if (usage && usage !== before) options.used(usage)
  return result
}

/** Writes updates to the log, and delivers them throttled. */
function updateSink({ log, updated }: AgentDriverOptions): UpdateThrottle {
  const throttle = throttleUpdates(updated, (error) => log.note(`a watcher failed: ${String(error)}`))
  return {
    push(update) {
      if (update.kind !== 'text' && update.kind !== 'thought' && update.kind !== 'usage') log.note(describe(update))
      throttle.push(update)
    },
    close: throttle.close,
  }
}

function outcomeOf(
  sessionEnd: SessionEnd,
  { reader, refusals }: { reader: UpdateReader; refusals: RefusalWatch },
  options: Pick<AgentDriverOptions, 'used'>,
): AgentOutcome {
  if (sessionEnd.usage) options.used(sessionEnd.usage)
  if ('outcome' in sessionEnd) return sessionEnd.outcome
  const summary = reader.summary()
  const { stopReason } = sessionEnd
  if (stopReason === 'refusal') return { kind: 'refused', message: summary }
  // OpenCode ends its turn here as if it were finished, Codex as cancelled.
  const unfinished = refusals.pending()
  if (unfinished !== undefined) return { kind: 'unfinished', message: unfinished }
  if (!doneReasons.has(stopReason)) {
    // A turn that we stopped is reported as stopped by run-agent.ts, whatever its reason.
    return { kind: 'protocol-error', reason: 'agent-error', message: messages.unexpectedStop(stopReason) }
  }
  const usage = sessionEnd.usage || reader.usage() ? { ...reader.usage(), ...sessionEnd.usage } : undefined
  return { kind: 'finished', stopReason, summary, ...(usage ? { usage } : {}) }
}

function describe(update: AgentUpdate): string {
  switch (update.kind) {
    case 'tool':
      return `tool ${update.tool} ${update.status}: ${update.title}`
    case 'plan':
      return `plan: ${update.entries.map((entry) => `${entry.text} (${entry.status})`).join('; ')}`
    case 'permission':
      return `permission ${update.allowed ? 'given' : 'refused'}: ${update.title} (${update.reason})`
    case 'usage':
      return `usage: ${update.used} of ${update.size}`
    case 'session':
      return `session ${update.id}${update.continued ? ', which goes on,' : ''} with ${withWhat(update)}`
    default:
      return update.text
  }
}

/** The program, and what it says of its model and mode; not every agent does. */
function withWhat({ program, model, mode }: { program: string; model: string; mode: string }): string {
  return [program, model && `model ${model}`, mode && `mode ${mode}`].filter(Boolean).join(', ')
}
