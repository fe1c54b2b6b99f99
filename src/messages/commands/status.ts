/** `/status`: the state of an item in one to three sentences, with which other replies end, and what was spent. */

import { lifecycle } from '../../domain/lifecycle.ts'
import { counted } from '../../lib/counted.ts'
import type { ItemState } from '../../lib/item-state.ts'
import { money } from '../../lib/money.ts'
import { singleLine } from '../../lib/sanitise.ts'
import { type CiView, ciSentence } from '../ci.ts'
import { agentName, type NamedRun } from '../crew.ts'
import { commitName } from '../gates.ts'
import { clock, nothingQueued, repositoryIsPaused, startsWhenAgentIsFree, withStop } from './common.ts'
import { typed } from './typed.ts'

/** Everything that the status of an item can say. */
export interface ItemStatus {
  state: ItemState
  kind: 'task' | 'epic'
  /** A person has seen how it would be worked on, and decides whether it is. */
  waitsForGo: boolean
  reason: string
  headSha: string | null
  /** The newest run. */
  run: (NamedRun & { attempt: number; progress: string }) | undefined
  /** Of a ready item: the time that it waits for. */
  waitsUntil: Date | undefined
  /** Of a ready item: why it waits, in the scheduler's sentence. */
  waits: string | undefined
  /** Of a ready epic: its issues. */
  parts: { all: number; done: number }
  /** Of an item in review. */
  pull: { number: number; headSha: string; mergeRequestedBy: string | undefined } | undefined
  /** Attempts that count, and how many may. */
  attempts: { used: number; allowed: number }
  repositoryPaused: boolean
  /** CI on the newest head; null while it has reported nothing. */
  ci: CiView | null
}

export function itemStatus(item: ItemStatus, prefix: string): string {
  const parts = [stateSentence(item, prefix), ciSentence(item.ci), attemptsSentence(item), pausedSentence(item, prefix)]
  return parts.filter(Boolean).join(' ').replaceAll(' \n', '\n')
}

export const pullRequestWithoutItem = 'No queued issue belongs to this pull request.'
export const nothingQueuedStatus = (prefix: string) => nothingQueued(prefix).join(' ')

function stateSentence(item: ItemStatus, prefix: string): string {
  const { run } = item
  switch (item.state) {
    case 'queued':
      return 'It is queued and will be looked at in a moment.'
    case 'ready':
      return readySentence(item)
    case 'running':
      return `**${run ? agentName(run) : 'An agent'}** is working on it (attempt ${run?.attempt ?? 1}).${progressSentence(run?.progress)}`
    case 'checking':
      return `The gates are checking ${commitName(item.headSha)}.`
    case 'reviewing':
    case 'approved':
    case 'merging':
      return pullSentence(item)
    case 'done':
      return `It is done. ${singleLine(item.reason)}`.trim()
    case 'paused':
      return `It is paused: ${withStop(singleLine(item.reason, 500))} ${typed(prefix, 'resume')} goes on.`
    case 'held':
      return `It is held and needs a person: ${withStop(singleLine(item.reason, 500))} ${typed(prefix, 'retry')} tries again.`
    case 'skipped':
    case 'cancelled':
      return `${withStop(singleLine(item.reason, 500))} ${typed(prefix, 'queue')} queues it again.`
    default:
      if (item.waitsForGo)
        return `It waits for a person to say whether it is worked on. ${singleLine(item.reason, 600)}`
      return `${lifecycle[item.state].label}. ${singleLine(item.reason)}`.trim()
  }
}

function readySentence(item: ItemStatus): string {
  if (item.kind === 'epic') return epicSentence(item.parts)
  const why = item.reason ? ` ${singleLine(item.reason)}` : ''
  if (item.waitsUntil) return `It waits until ${clock(item.waitsUntil)}.${why}`
  return item.waits === undefined ? `${startsWhenAgentIsFree}${why}` : item.waits
}

/** No agent builds an epic: it gets on as its parts do. */
function epicSentence({ all, done }: ItemStatus['parts']): string {
  if (all === 0) return 'It is a roadmap that names no issues yet.'
  return `It is made of ${counted(all, 'issue')}, of which ${done} ${done === 1 ? 'is' : 'are'} done; its status comment shows where each stands.`
}

function pullSentence({ state, pull, reason }: ItemStatus): string {
  if (!pull) return 'The gates passed; its pull request is being opened.'
  if (state === 'merging') return `Pull request #${pull.number} is being merged at ${commitName(pull.headSha)}.`
  const asked = pull.mergeRequestedBy ? ` ${pull.mergeRequestedBy} asked to merge it.` : ''
  const why = reason ? ` ${singleLine(reason)}` : ''
  return `Pull request #${pull.number} at ${commitName(pull.headSha)} waits for people.${asked}${why}`
}

function attemptsSentence({ state, attempts: { used, allowed } }: ItemStatus): string {
  const open = ['queued', 'ready', 'running', 'checking', 'held', 'paused'].includes(state)
  // The first attempt is no news while it goes on.
  const first = used === 1 && (state === 'running' || state === 'checking')
  return open && used > 0 && !first ? `\n\nAttempts used: ${used} of ${allowed}.` : ''
}

function pausedSentence({ state, repositoryPaused }: ItemStatus, prefix: string): string {
  return repositoryPaused && ['queued', 'ready'].includes(state) ? repositoryIsPaused(prefix) : ''
}

/** How far a run is, as its agent reports it. */
function progressSentence(progress: string | undefined): string {
  return progress ? ` It says: “${singleLine(progress)}”.` : ''
}

/** What was spent today, amounts in millionths. */
export interface SpendingReport {
  repository: string
  /** What the item has cost so far; undefined when nothing is known of it. */
  item: { issue: number; costs: readonly { millionths: number; currency: string }[] } | undefined
  /** In the currency of the limits. */
  spent: number
  currency: string
  perDay: number | undefined
  /** In other currencies, which no limit counts. */
  others: readonly { millionths: number; currency: string }[]
  /** Whether any limit is set. */
  limited: boolean
  tokens: { input: number; output: number; cached: number }
  /** Agents that report no cost. */
  silent: readonly string[]
  /** Agents whose next run costs an unknown amount. */
  unreserved: readonly string[]
}

/** A paragraph. */
export function spendingSentences(report: SpendingReport): string {
  const { item, silent, unreserved } = report
  const amounts = [...spentAmounts(report), tokenCounts(report.tokens)].filter(Boolean)
  const sentences = [
    item && `#${item.issue} so far: ${item.costs.map((cost) => money(cost.millionths, cost.currency)).join('; ')}.`,
    `${report.repository} today (UTC): ${amounts.join('; ')}.`,
    silent.length > 0 && `${agentNames(silent)} reported no cost, so no limit on spending sees what was used there.`,
    unreserved.length > 0 &&
      `What a run of ${agentNames(unreserved)} costs is not known yet, so nothing is kept for it before it starts; \`limits.spendPerRun\` in the settings would say.`,
  ]
  return sentences.filter(Boolean).join(' ')
}

/** The currency of the limits first. */
function spentAmounts({ spent, currency, perDay, others, limited }: SpendingReport): string[] {
  const own =
    perDay !== undefined
      ? `${money(spent, currency)} of ${money(perDay, currency)} spent, as far as agents report it`
      : spent > 0 || others.length === 0
        ? `${money(spent, currency)} spent, as far as agents report it`
        : ''
  const counted = limited ? ', which the limits do not count' : ''
  return [own, ...others.map((other) => `${money(other.millionths, other.currency)}${counted}`)]
}

function tokenCounts({ input, output, cached }: SpendingReport['tokens']): string {
  if (input + output + cached === 0) return ''
  const count = (number: number) => number.toLocaleString('en-US')
  return `${count(input)} tokens in, ${count(output)} out${cached > 0 ? `, ${count(cached)} cached` : ''}`
}

function agentNames(agents: readonly string[]): string {
  return agents.map((agent) => `\`${agent}\``).join(', ')
}

/** A note of the status comment: a limit is set, and the agent does not say what it spends. */
export const limitSeesNoCost = (agent: string) =>
  `\`${agent}\` reports no cost, so no limit on spending sees what it uses.`
