/** Where an item stands, in words that stand for themselves: the replies of several commands end with them. */

import type { Database } from '../../db/connect.ts'
import { lastDecision } from '../../db/decisions.ts'
import { partsOf } from '../../db/epics.ts'
import { pullOfItem } from '../../db/pull-requests.ts'
import { type RunRow, runsOf } from '../../db/runs.ts'
import type { ItemRow } from '../../db/work-items.ts'
import { lifecycle } from '../../domain/lifecycle.ts'
import { singleLine } from '../../lib/sanitise.ts'
import { ciSentence } from '../../messages/ci.ts'
import { ciViewOf } from '../../pull-requests/ci/ci-view.ts'
import type { CommandContext } from '../command.ts'
import { withPrefix } from '../parse.ts'
import { clock } from './scheduled.ts'

/** A command as it is typed in this repository, for use in a reply. */
export function typed(context: Pick<CommandContext, 'settings'>, command: string): string {
  return `\`${withPrefix(`/${command}`, context.settings.prefix)}\``
}

/** Where an item stands: one to three sentences of markdown. */
export async function statusSentence(context: CommandContext, item: ItemRow): Promise<string> {
  const { db } = context.tx
  const runs = await runsOf(db, item.id)
  const ci = ciSentence(await ciViewOf(db, item, context.repo))
  const parts = [await sentence(context, item, runs), ci, counted(context, item, runs), pausedNote(context, item)]
  return parts.filter(Boolean).join(' ')
}

async function sentence(context: CommandContext, item: ItemRow, runs: RunRow[]): Promise<string> {
  const run = runs.at(-1)
  switch (item.state) {
    case 'queued':
      return 'It is queued and will be looked at in a moment.'
    case 'ready':
      return readySentence(context.tx.db, item)
    case 'running':
      return `**${run?.agent ?? 'An agent'}** is working on it (attempt ${run?.attempt ?? 1}).${roadmapProgress(run)}`
    case 'checking':
      return `The gates are checking ${commit(item.headSha)}.`
    case 'reviewing':
    case 'approved':
    case 'merging':
      return pullSentence(context, item)
    case 'done':
      return `It is done. ${singleLine(item.reason)}`.trim()
    case 'paused':
      return `It is paused: ${singleLine(item.reason, 500)} ${typed(context, 'resume')} goes on.`
    case 'held':
      return `It is held and needs a person: ${singleLine(item.reason, 500)} ${typed(context, 'retry')} tries again.`
    case 'skipped':
    case 'cancelled':
      return `It is ${item.state}: ${singleLine(item.reason, 500)} ${typed(context, 'queue')} queues it again.`
    default:
      return `${lifecycle[item.state].label}. ${singleLine(item.reason)}`.trim()
  }
}

async function readySentence(db: Database, item: ItemRow): Promise<string> {
  const after = item.notBefore && item.notBefore > new Date() ? item.notBefore : undefined
  if (item.kind === 'epic') return epicSentence(db, item)
  const why = item.reason ? ` ${singleLine(item.reason)}` : ''
  if (after) return `It waits until ${clock(after)}.${why}`
  const decision = await lastDecision(db, item.id)
  return decision?.action === 'wait'
    ? `It waits. ${decision.explanation}`
    : `It starts as soon as an agent is free.${why}`
}

/** No agent builds an epic: it gets on as its parts do. */
async function epicSentence(db: Database, item: ItemRow): Promise<string> {
  const parts = await partsOf(db, item.id)
  const issues = new Map(parts.map((part) => [`${part.repository}#${part.issueNumber}`, part.blocker === 'closed']))
  if (issues.size === 0) return 'It is a roadmap that names no issues yet.'
  const done = [...issues.values()].filter(Boolean).length
  return `It is made of ${issues.size} ${issues.size === 1 ? 'issue' : 'issues'}, of which ${done} ${done === 1 ? 'is' : 'are'} done; its status comment shows where each stands.`
}

async function pullSentence(context: CommandContext, item: ItemRow): Promise<string> {
  const pull = await pullOfItem(context.tx.db, item.id)
  if (!pull) return 'The gates passed; its pull request is being opened.'
  const asked =
    pull.mergeSha === pull.headSha && pull.mergeRequestedBy ? ` ${pull.mergeRequestedBy} asked to merge it.` : ''
  if (item.state === 'merging') return `Pull request #${pull.number} is being merged at ${commit(pull.headSha)}.`
  const why = item.reason ? ` ${singleLine(item.reason)}` : ''
  return `Pull request #${pull.number} at ${commit(pull.headSha)} waits for people.${asked}${why}`
}

function counted({ settings }: CommandContext, item: ItemRow, runs: RunRow[]): string {
  const used = runs.filter((run) => run.countsAsAttempt && run.id > (item.freshSince ?? 0)).length
  const open = ['queued', 'ready', 'running', 'checking', 'held', 'paused'].includes(item.state)
  return open && used > 0 ? `Attempts used: ${used} of ${settings.limits.retries + 1}.` : ''
}

function pausedNote(context: CommandContext, item: ItemRow): string {
  if (context.repo.state !== 'paused' || !['queued', 'ready'].includes(item.state)) return ''
  return `The whole repository is paused; ${typed(context, 'resume all')} lets work start.`
}

/** How far a run has got, as its agent tells it; ' ' in front, or nothing. */
export function roadmapProgress(run: RunRow | undefined): string {
  return run?.progress ? ` It says: “${singleLine(run.progress)}”.` : ''
}

/** A commit as people know it. */
export function commit(sha: string | null): string {
  return sha ? `\`${sha.slice(0, 7)}\`` : 'the result'
}
