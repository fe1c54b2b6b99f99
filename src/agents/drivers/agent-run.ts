/** The types of a run of an agent: its options, its updates, its outcome. */

import type { McpServer } from '@agentclientprotocol/sdk'
import type { ProcessIdentity } from '../../lib/process-table.ts'
import type { Reaper } from '../../sandbox/reaper.ts'
import type { AgentKind } from '../agent.ts'
import type { MessagePatterns } from './failure-rules.ts'
import type { PermissionRule } from './permission-requests.ts'

/** A program about to be started. */
export interface LaunchCommand {
  file: string
  args: string[]
  env: Record<string, string>
}

export interface AgentLimits {
  /** The whole run, in milliseconds. */
  totalMs: number
  /** Silence on the protocol, stdout and stderr, in milliseconds. */
  idleMs: number
  /** Output of the agent, stdout and stderr together, in bytes. */
  outputBytes: number
  /** How long it may take to answer `initialize`, in milliseconds; 60,000 unless given. */
  initializeMs?: number
  /** How long a stopped agent may take to end by itself, in milliseconds; 5000 unless given. */
  graceMs?: number
}

/** A session of an earlier run in the same home and folder. */
export interface EarlierSession {
  /** By the id that the agent gave it. */
  id: string
  /** What the agent is told when the session goes on. */
  prompt: string
}

export interface RunAgentOptions {
  kind: AgentKind
  /** From the repository's settings: `agents.<id>`. */
  settings?: { command?: string[]; model?: string }
  /** What the session is for; it chooses the mode of the agent. `build` unless given. */
  purpose?: 'build' | 'plan'
  /** The worktree, an absolute path: the agent's current directory. */
  cwd: string
  prompt: string
  /** An earlier session to go on with; a new one is opened where that does not work. */
  earlier?: EarlierSession
  runId: string
  /** The environment of Tutti. Only variables that the kind names, and a small base, are passed on. */
  env: Readonly<Record<string, string>>
  /** Values that are taken out of the run's log. */
  hidden?: readonly string[]
  /** The HOME of this run; created when it does not exist. Never inside the worktree. */
  home: string
  /** Given to the agent in `session/new`. */
  mcpServers?: McpServer[]
  /** The sandbox: turns the command into one that runs inside it. */
  wrap?: (command: LaunchCommand) => LaunchCommand
  /** What it may do in its worktree and its home without asking; `inside-roots` unless given. */
  permissions?: PermissionRule
  limits: AgentLimits
  /** Aborted when the run must stop: by a person, a lost lease, or the end of this process. */
  signal?: AbortSignal
  reaper: Reaper
  onStarted?: (process: ProcessIdentity) => void
  onUpdate?: (update: AgentUpdate) => void
  /** Called at once with every usage report, also when the agent fails later. */
  onUsage?: (usage: AgentUsage) => void
  /** Where the run's log is written: capped, without control characters. */
  logFile: string
}

/** An agent that is ready to be started: plain data, which can be handed to another thread. */
export interface AgentTask
  extends Pick<
    RunAgentOptions,
    'cwd' | 'prompt' | 'earlier' | 'runId' | 'home' | 'hidden' | 'mcpServers' | 'permissions' | 'limits' | 'logFile'
  > {
  launch: LaunchCommand
  /** The program is a sandbox around the agent's. */
  contained: boolean
  kind: Omit<AgentKind, 'start'>
  model?: string
  /** The mode of the session, by the program's own id. */
  mode?: string
  /** How the operator's provider words its messages. */
  patterns?: MessagePatterns
  /** Of this process: with the run's id it marks every process that the agent starts. */
  lifeId: string
}

/** Receives the events of a run, and stops it: in this thread, or at the other end of a port. */
export interface AgentListener {
  signal?: AbortSignal
  /** The agent's first process. */
  started(root: ProcessIdentity): void
  updated(update: AgentUpdate): void
  /** As `RunAgentOptions.onUsage`. */
  used(usage: AgentUsage): void
  /** All processes that the agent has started are gone. */
  allExited(): void
}

export type ToolStatus = 'pending' | 'in_progress' | 'completed' | 'failed'

/** What an agent does, in a bounded form: texts at most 4,000 characters, lists at most 50 entries. */
export type AgentUpdate =
  | { kind: 'text'; text: string }
  | { kind: 'thought'; text: string }
  | { kind: 'tool'; id: string; title: string; tool: string; status: ToolStatus; paths: string[] }
  | { kind: 'plan'; entries: { text: string; status: 'pending' | 'in_progress' | 'completed' }[] }
  | { kind: 'usage'; used: number; size: number; cost?: { amount: number; currency: string } }
  | { kind: 'permission'; title: string; allowed: boolean; reason: string }
  /**
   * The session is open: who works in it, with which model and mode, as far as the agent says. `continued`: it is the
   * earlier one. `lasting`: a later run can go on with it.
   */
  | {
      kind: 'session'
      id: string
      program: string
      model: string
      mode: string
      continued: boolean
      lasting: boolean
    }
  /** About the run itself: updates were left out, or the agent cannot use an MCP server. */
  | { kind: 'notice'; text: string }

/** The usage of a run, as the agent reports it. */
export interface AgentUsage {
  /** Tokens in the context at the end, and its size. */
  contextUsed?: number
  contextSize?: number
  /** Of the whole session so far (ACP: "total cumulative cost for session"), never of one step. */
  cost?: { amount: number; currency: string }
  inputTokens?: number
  outputTokens?: number
  /** Read from a provider's cache, and written to it. */
  cachedTokens?: number
  totalTokens?: number
}

/** Why a session failed. */
export type ProtocolProblem =
  | 'agent-error' // the agent answered a request with an error that is neither a login nor a rate limit
  | 'bad-frames' // its output is not the protocol
  | 'version' // it has another version of the protocol
  | 'output-limit' // it printed more than the limit
  | 'unread-input' // it does not read the answers to its requests
  | 'slow-start' // it did not answer `initialize` in time

/** How a run ended. Whatever the outcome, no process of the run is left when it is returned. */
export type AgentOutcome =
  | { kind: 'finished'; stopReason: string; summary: string; usage?: AgentUsage }
  | { kind: 'missing-program'; program: string; install: string }
  | { kind: 'crashed'; exitCode: number | null; signal: string | null; tail: string }
  | { kind: 'idle'; afterMs: number }
  | { kind: 'time-limit'; afterMs: number }
  /** `finished`: its last message, where it had ended its turn by itself before it was stopped. */
  | { kind: 'stopped'; finished?: string }
  | { kind: 'protocol-error'; reason: ProtocolProblem; message: string }
  | { kind: 'refused'; message: string }
  | { kind: 'needs-login'; message: string; install: string }
  /** Its provider failed, or refused: by credit, by model, by request. The message is the provider's. */
  | { kind: 'provider-failed'; problem: 'billing' | 'model' | 'outage' | 'request'; message: string }
  /** It ended its turn, and did not finish: after a refused permission, with nothing said since. */
  | { kind: 'unfinished'; message: string }
  /** The thread that supervised it ended before the agent did. */
  | { kind: 'supervisor-lost'; message: string }
  /** `resetAt` is an ISO 8601 time, where the agent has reported it. */
  | { kind: 'rate-limited'; message: string; resetAt?: string }
