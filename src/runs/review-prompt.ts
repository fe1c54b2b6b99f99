/** The prompt of an agent that reviews a commit before people do: `src/roles/reviewer.md` with what the run is about. */

import type { ItemRow } from '../db/work-items.ts'
import { type AssembledContext, assembleContext, type ContextPart } from '../domain/context-budget.ts'
import type { ChangedFile } from '../git/changes.ts'
import { fenceRule } from './prompt.ts'
import { roleText } from './roles.ts'

export interface ReviewTask {
  repository: string
  item: Pick<ItemRow, 'issueNumber' | 'title' | 'body'>
  attempt: number
  /** The commit, and where its branch left the base branch. */
  head: string
  fork: string
  /** What the agent that built it says about it. */
  summary: string
  /** The approved plan; '' where there was none. */
  plan: string
  answers: string
  changes: readonly ChangedFile[]
  /** The patch, or its beginning. */
  patch: { text: string; truncated: boolean }
  /** Who the agent is in the crew, and what is known from earlier work; empty without a crew. */
  crew: readonly ContextPart[]
}

/** Files that are listed. */
const mostFiles = 200

/**
 * What an agent that reviews gets to read, inside the budget.
 * @param nonce see `assembleContext`.
 */
export function reviewPrompt(task: ReviewTask, nonce: string): AssembledContext {
  const { item } = task
  const one = (text: string) => (text ? [{ text }] : [])
  const others = { untrusted: true }
  const parts: ContextPart[] = [
    { pool: 'reserved', heading: '', entries: one(opening(task)) },
    {
      ...{ pool: 'reserved', ...others },
      heading: `What was asked for: issue #${item.issueNumber}, ${item.title.replace(/\s+/g, ' ')}`,
      entries: one(item.body || '(The issue has no further text.)'),
    },
    { pool: 'plans', heading: 'What was asked and answered', ...others, entries: one(task.answers) },
    { pool: 'plans', heading: 'The plan, which was approved', ...others, entries: one(task.plan) },
    { pool: 'docs', heading: 'What the agent that built it says', ...others, entries: one(task.summary) },
    ...task.crew,
    { pool: 'docs', heading: 'The files that it changes', ...others, entries: one(fileList(task.changes)) },
    { pool: 'working', heading: 'The change', ...others, lead: patchLead(task), entries: one(task.patch.text) },
    {
      pool: 'reserved',
      heading: 'Rules',
      entries: one(roleText('reviewer', 'Rules', { fenceRule: fenceRule(nonce) })),
    },
  ]
  return assembleContext(parts, nonce)
}

function opening({ repository, head, fork, attempt }: ReviewTask): string {
  return roleText('reviewer', 'opening', { repository, head, fork, attempt })
}

function patchLead({ patch }: ReviewTask): string {
  return roleText('reviewer', patch.truncated ? 'The change: too long to show' : 'The change: whole')
}

function fileList(changes: readonly ChangedFile[]): string {
  const lines = changes.slice(0, mostFiles).map(({ path, status }) => `- ${status} ${path}`)
  const more = changes.length - lines.length
  return [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')
}
