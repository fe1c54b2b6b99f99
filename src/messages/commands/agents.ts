/** Replies of `/agents`. */

import type { HealthSample } from '../../domain/agent-health.ts'
import { counted } from '../../lib/counted.ts'
import { codeBlock, singleLine } from '../../lib/sanitise.ts'
import { endOf } from '../check-run.ts'
import { agentName, type NamedRun } from '../crew.ts'
import { type CommandRefusal, clock, reachedProgress } from './common.ts'
import { typed } from './typed.ts'

interface ShownAgent {
  run: NamedRun & {
    attempt: number
    purpose: string
    stage: string
    progress: string
    startedAt: Date | null
    health: HealthSample | null
    peakMemory: number | null
    stop: string | null
  }
  item: { issueNumber: number; title: string }
}

export const howToSeeAgents = (prefix: string) => `${typed(prefix, 'agents')} lists those at work.`

/** @param kind the kind that is asked for. */
export function agentList(agents: readonly ShownAgent[], kind: string | undefined, now: Date): string {
  if (agents.length === 0) return `No agent${kind ? ` of the kind \`${singleLine(kind, 50)}\`` : ''} is at work here.`
  return agents.map((one) => `- ${nameOf(one)}: ${workOf(one, now)}`).join('\n')
}

function nameOf({ run, item }: ShownAgent): string {
  return `#${item.issueNumber}, **${agentName(run)}**`
}

const doings: Readonly<Record<string, string>> = {
  ...{ plan: 'planning, ', breakdown: 'planning, ', review: 'review, ' },
  propose: 'proposals, ',
}

function workOf({ run }: ShownAgent, now: Date): string {
  if (run.stop) return 'is being stopped'
  if (run.stage === 'waiting') return `attempt ${run.attempt} starts in a moment`
  const doing = `${doings[run.purpose] ?? ''}attempt ${run.attempt}`
  const since = run.startedAt ? `, for ${duration(now.getTime() - run.startedAt.getTime())}` : ''
  return `${doing}${since}${reachedProgress(run.progress)}; ${verdictOf(run.health)}`
}

function verdictOf(health: HealthSample | null): string {
  if (!health) return 'not measured yet'
  return health.why ? `${health.verdict}: ${health.why}` : health.verdict
}

interface ShownRestart {
  issueNumber: number
  agent: string
  reason: string
  attempt: number
  afterMs: number
  createdAt: Date
}

interface ShownActivity {
  agent: string
  ended: number
  finished: number
  seconds: number
  peakMemory: number | null
}

/** @param activity of the last day, as are the restarts. */
export function agentHealth(
  agents: readonly ShownAgent[],
  restarts: readonly ShownRestart[],
  activity: readonly ShownActivity[],
): string {
  const rows = agents.map((one) => `| ${nameOf(one)} | ${verdictOf(one.run.health)} | ${measured(one.run)} |`)
  return [
    rows.length > 0 ? `| agent | health | measured |\n|---|---|---|\n${rows.join('\n')}` : 'No agent is at work here.',
    restarts.length > 0
      ? `Restarts of the last day:\n\n${restarts.map(restartRow).join('\n')}`
      : 'No restart in the last day.',
    activity.map(activitySentence).join('\n'),
  ]
    .filter(Boolean)
    .join('\n\n')
}

function measured({ health, peakMemory }: ShownAgent['run']): string {
  if (!health) return '–'
  const cpu = health.cpuPercent === null ? '' : `CPU ${Math.round(health.cpuPercent)} % of a core, `
  const peak = peakMemory === null ? '' : ` (at most ${megabytes(peakMemory)})`
  return `${cpu}${megabytes(health.memory)}${peak}, ${counted(health.processes, 'process', 'processes')}, silent for ${duration(health.silentMs)}`
}

function restartRow({ issueNumber, agent, reason, attempt, afterMs, createdAt }: ShownRestart): string {
  const wait = afterMs > 0 ? `, after ${duration(afterMs)}` : ''
  return `- ${clock(createdAt)}: #${issueNumber}, ${agent}, after attempt ${attempt}${wait}: ${singleLine(reason, 200)}`
}

function activitySentence({ agent, ended, finished, seconds, peakMemory }: ShownActivity): string {
  const memory = peakMemory === null ? '' : `, at most ${megabytes(peakMemory)} of memory`
  return `**${agent}** in the last day: ${counted(ended, 'attempt')} ended, ${finished} with a result, ${duration(seconds * 1_000)} of work${memory}.`
}

/** Why an agent is stopped that is one too many. @param rule what there may be one agent of. */
export const oneTooMany = (rule: 'issue' | 'kind', keeps: { id: number; agent: string }, issue: number) =>
  rule === 'issue'
    ? `SingletonViolation: agent ${keeps.id} has #${issue}`
    : `SingletonViolation: one ${keeps.agent} may be at work, and that is agent ${keeps.id} on #${issue}`
/** Why its issue is ready again. */
export const waitsForSingleton = (kind: string, issue: number) =>
  `One agent of the kind \`${kind}\` may be at work here (\`agents.${kind}.singleton\`), and it has #${issue}. What was changed is kept.`

interface ShownViolation {
  rule: 'issue' | 'kind'
  issue: number
  kind: string
  keeps: string
  stopped: readonly string[]
  reviews: readonly string[]
}

/** Where more agents were at work than may be. */
export function violationsText(violations: readonly ShownViolation[]): string {
  return violations
    .map(({ rule, issue, kind, keeps, stopped, reviews }) => {
      const count = 1 + stopped.length + reviews.length
      const where = rule === 'issue' ? `on #${issue}` : `of the kind \`${singleLine(kind, 50)}\``
      const rest = [
        rule === 'issue' ? `Agent ${keeps}, the newest, goes on` : `Agent ${keeps}, the oldest, goes on with #${issue}`,
        stopped.length > 0 && `${stopped.join(', ')} ${stopped.length === 1 ? 'is' : 'are'} being stopped`,
        reviews.length > 0 &&
          `${reviews.join(', ')} ${reviews.length === 1 ? 'reviews, and ends' : 'review, and end'} soon`,
      ]
      return `**SingletonViolation** ${where}: ${count} agents were at work. ${rest.filter(Boolean).join('; ')}.`
    })
    .join('\n')
}

export const gatesAreAtWork = ({ issueNumber }: { issueNumber: number }): CommandRefusal => [
  `No agent is at work on #${issueNumber} at this moment: its result is being checked.`,
]
export const isBeingStopped = ({ issueNumber }: { issueNumber: number }) =>
  `The agent of #${issueNumber} is being stopped already.`
export const restartedBy = (login: string) => `Restarted by ${login}.`
export const restarted = ({ agent, attempt }: { agent: string; attempt: number }, item: { issueNumber: number }) =>
  `Attempt ${attempt} by **${agent}** on #${item.issueNumber} is being ended; another one starts then. What it changed is kept, and it costs no attempt.`
export const reviewRestarted = ({ agent }: { agent: string }, item: { issueNumber: number }) =>
  `The review of #${item.issueNumber} by **${agent}** is being ended; another one of the same commit begins then.`
export const proposalsRestarted = ({ agent }: { agent: string }, item: { issueNumber: number }) =>
  `**${agent}**, which looks for proposals on #${item.issueNumber}, is being ended; another one begins then.`
export const killed = ({ run, item }: ShownAgent, prefix: string) =>
  `Attempt ${run.attempt} by **${agentName(run)}** on #${item.issueNumber} is being ended. What it changed is kept: ${typed(prefix, 'resume')} on the issue goes on.`

export const noAttemptYet = (issue: number) => `No agent has worked on #${issue} yet.`
export function agentLog(
  issue: number,
  run: { attempt: number; agent: string; outcome: string | null; logTail: string; summary: string; progress: string },
): string {
  const head = `#${issue}, attempt ${run.attempt} by **${agentName(run)}**: ${run.outcome ?? 'at work'}${reachedProgress(run.progress)}.`
  const text = run.logTail || run.summary
  return text ? `${head}\n\n${codeBlock(endOf(text, longestLog), longestLog + 100)}` : `${head} It printed nothing.`
}
/** Of a log in a comment, in characters. */
const longestLog = 3_000

function megabytes(bytes: number): string {
  return `${Math.round(bytes / 2 ** 20).toLocaleString('en-US')} MB`
}

function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 90) return `${seconds} s`
  return seconds < 5_400 ? `${Math.round(seconds / 60)} minutes` : `${Math.round(seconds / 3_600)} hours`
}
