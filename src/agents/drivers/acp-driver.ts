/** Talks to an agent that speaks the Agent Client Protocol. */

import { openSession, type SessionEnd } from './acp-session.ts'
import type { AgentOutcome, AgentUpdate } from './agent-run.ts'
import type { AgentDriver, AgentDriverOptions } from './driver.ts'
import { authMethod } from './environment.ts'
import { outcomeOfError } from './failure.ts'
import { jsonRpcFilter } from './json-rpc-filter.ts'
import { policies } from './permission-requests.ts'
import { updateReader } from './session-updates.ts'
import { throttleUpdates } from './throttle-updates.ts'

/** What may wait unread in the agent's input, besides the prompt: answers to thousands of requests. */
const maxUnread = 4 * 1024 * 1024

/** The stop reasons of ACP v1 with which a turn counts as done; what was done is for the gates to say. */
const doneReasons: ReadonlySet<string> = new Set(['end_turn', 'max_tokens', 'max_turn_requests'])

/** Starts the conversation. */
export function createAcpDriver(options: AgentDriverOptions): AgentDriver {
  const { kind, log } = options
  const reader = updateReader()
  const feed = throttleUpdates(
    (update) => options.updated(update),
    (error) => log.note(`a watcher failed: ${String(error)}`),
  )
  const unreadLimit = maxUnread + Buffer.byteLength(options.prompt) * 2
  let over = false

  function show(update: AgentUpdate): void {
    if (update.kind !== 'text' && update.kind !== 'thought' && update.kind !== 'usage') log.note(describe(update))
    feed.push(update)
  }

  function end(outcome: AgentOutcome): void {
    over = true
    options.onEnd(outcome)
  }

  const gate = jsonRpcFilter({
    send(line) {
      options.send(line)
      if (options.unreadBytes() <= unreadLimit) return
      end({ kind: 'protocol-error', reason: 'unread-input', message: 'it does not read the answers to its requests' })
    },
    onFrame: options.onSign,
    onUpdate(params) {
      // Adapters may tell of sub-agents in sessions of their own: signs of life, but not this agent's words.
      if (session.id() !== undefined && params.sessionId !== session.id()) return
      const before = reader.usage()
      const update = reader.read(params.update)
      // Not through the feed, which leaves out what is too much to show.
      const usage = reader.usage()
      if (usage && usage !== before) options.used(usage)
      if (update) show(update)
    },
    onBad: (description) => log.note(`dropped a line: ${description}`),
    onFail: (reason, message) => end({ kind: 'protocol-error', reason, message }),
  })

  const session = openSession({
    stream: gate.stream,
    cwd: options.roots[0] ?? options.cwd,
    prompt: options.prompt,
    mcpServers: options.mcpServers ?? [],
    model: options.model,
    authMethod: authMethod(kind, options.launch.env),
    permissions: policies[options.permissions ?? 'inside-roots'](options.roots),
    onUpdate: show,
  })
  const ended = session.ended.then(
    (sessionEnd) => toOutcome(sessionEnd),
    (error: unknown) => outcomeOfError(error, kind.install, Date.now()),
  )
  let inputEnded = false
  // A conversation that broke off because the program ended is told by `exited`, which knows the exit code.
  void ended.then((outcome) => inputEnded || end(outcome))

  function toOutcome(sessionEnd: SessionEnd): AgentOutcome {
    if ('outcome' in sessionEnd) return sessionEnd.outcome
    if (sessionEnd.usage) options.used(sessionEnd.usage)
    const summary = reader.summary()
    const { stopReason } = sessionEnd
    if (stopReason === 'refusal') return { kind: 'refused', message: summary }
    if (!doneReasons.has(stopReason)) {
      // A turn that we stopped never comes here as its own outcome: `run.ts` knows that it was stopped.
      const message = `it ended its turn for the reason "${stopReason}", which nobody asked for`
      return { kind: 'protocol-error', reason: 'agent-error', message }
    }
    const usage = sessionEnd.usage || reader.usage() ? { ...reader.usage(), ...sessionEnd.usage } : undefined
    return { kind: 'finished', stopReason, summary, ...(usage ? { usage } : {}) }
  }

  return {
    hear(source, chunk) {
      if (source === 'stderr') log.write('stderr', chunk)
      else if (!over) gate.push(chunk)
    },
    exited(exitCode, signal) {
      inputEnded = true
      return { kind: 'crashed', exitCode, signal, tail: log.tail() }
    },
    cancel: session.cancel,
    close() {
      over = true
      inputEnded = true
      gate.end()
      session.close()
      feed.close()
    },
  }
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
    default:
      return update.text
  }
}
