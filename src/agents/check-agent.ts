/** Tries one kind of agent as a run would start it: its program, its login, its model, one short answer of its provider. */

import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { firstCharacters, lastCharacters } from '../lib/sanitise-text.ts'
import type { Reaper } from '../sandbox/reaper.ts'
import { type AgentKind, providerOf } from './agent.ts'
import type { AgentOutcome, AgentUsage } from './drivers/agent-run.ts'
import { supervise } from './drivers/supervise.ts'

/** What a check has found. */
export interface AgentCheck {
  agent: string
  ok: boolean
  /** From its start until its session was open, in milliseconds; undefined where it was not opened. */
  readyMs: number | undefined
  /** The whole check, in milliseconds. */
  totalMs: number
  program: string
  model: string
  provider: string
  /** Its answer; at most 80 characters. */
  answer: string
  reportsTokens: boolean
  reportsCost: boolean
  /** What is wrong, and what to do about it; '' where nothing is. */
  problem: string
}

const prompt = 'Answer with the one word "ready". Use no tool and change no file.'
/** Gemini and OpenCode take 7 s to start on a quiet machine, and may ask a failing provider again for minutes. */
const defaultLimitMs = 180_000

/**
 * Starts the agent in an empty folder with a home of its own, and asks it one short question. Both are removed afterwards.
 * @param options.env the variables of Tutti.
 * @param options.limitMs how long it may take; three minutes unless given.
 */
export async function checkAgent(
  kind: AgentKind,
  options: { env: Readonly<Record<string, string>>; reaper: Reaper; limitMs?: number },
): Promise<AgentCheck> {
  const { env, reaper, limitMs = defaultLimitMs } = options
  const place = await mkdtemp(join(tmpdir(), 'tutti-check-'))
  const start = performance.now()
  const since = () => Math.round(performance.now() - start)
  let ready: number | undefined
  let session = { program: '', model: '' }
  let usage: AgentUsage = {}
  try {
    const outcome = await supervise({
      ...{ kind, prompt, env, reaper, cwd: place, home: join(place, 'home'), runId: `check-${kind.id}-${process.pid}` },
      limits: { totalMs: limitMs, idleMs: limitMs, outputBytes: 16 * 2 ** 20 },
      permissions: 'reading-only',
      logFile: join(place, 'log'),
      onUpdate: (update) => {
        if (update.kind !== 'session') return
        ready = since()
        session = update
      },
      onUsage: (reported) => {
        usage = { ...usage, ...reported }
      },
    })
    const answer = outcome.kind === 'finished' ? outcome.summary : ''
    const spoke = answer !== '' || kind.protocol === 'command'
    return {
      ...{ agent: kind.id, ok: outcome.kind === 'finished' && spoke, readyMs: ready, totalMs: since() },
      ...{ program: session.program, model: session.model, provider: providerOf(kind, session.model) },
      answer: firstCharacters(answer.replace(/\s+/g, ' '), 80),
      reportsTokens: usage.totalTokens !== undefined || usage.inputTokens !== undefined,
      reportsCost: usage.cost !== undefined,
      problem: problemOfCheck(outcome, spoke),
    }
  } finally {
    await rm(place, { recursive: true, force: true, maxRetries: 5 })
  }
}

/** What is wrong, and what the operator does about it. */
function problemOfCheck(outcome: AgentOutcome, spoke: boolean): string {
  switch (outcome.kind) {
    case 'finished':
      return spoke ? '' : 'it ended its turn without an answer'
    case 'missing-program':
      return `the program ${outcome.program} is not there: ${outcome.install}`
    case 'needs-login':
      return `it needs a login (“${outcome.message}”): ${outcome.install}`
    case 'rate-limited':
      return `its provider limits it: “${outcome.message}”${outcome.resetAt ? `, until ${outcome.resetAt}` : ''}`
    case 'provider-failed':
      return `${providerProblems[outcome.problem]}: “${outcome.message}”`
    case 'crashed':
      return `it ended with ${outcome.signal ?? `exit code ${outcome.exitCode}`}: ${lastCharacters(outcome.tail, 500)}`
    case 'idle':
    case 'time-limit':
      return `it did not answer within ${Math.round(outcome.afterMs / 1_000)} s`
    case 'stopped':
      return 'it was stopped'
    default:
      return outcome.message
  }
}

const providerProblems = {
  billing: 'its provider wants credit; add some, or set another key',
  model: 'its model cannot be used; name another one in the file of the agents',
  outage: 'its provider fails; try again later, or set another provider',
  request: 'its provider rejects the request',
}
