/** The prompt of an agent that reviews a commit before people do. */

import type { ItemRow } from '../db/work-items.ts'
import { type AssembledContext, assembleContext, type ContextPart } from '../domain/context-budget.ts'
import type { ChangedFile } from '../git/changes.ts'
import { dataRule } from './prompt.ts'

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
    { pool: 'reserved', heading: 'Rules', entries: one(rules(nonce)) },
  ]
  return assembleContext(parts, nonce)
}

function opening({ repository, head, fork, attempt }: ReviewTask): string {
  return `You are reviewing a change to ${repository}, made by another agent. People review it after you and decide; you help them to see what matters. The directory is a checkout of the commit ${head}, to read: nothing that you change in it is kept, and nothing you say is read by anybody. What counts is the tool that you call at the end. The branch left its base at ${fork}.\n\nPurpose: review\nAttempt: ${attempt}`
}

function patchLead({ patch }: ReviewTask): string {
  return patch.truncated ? 'This is its beginning: read the other files in the directory.' : 'As a patch.'
}

function fileList(changes: readonly ChangedFile[]): string {
  const lines = changes.slice(0, mostFiles).map(({ path, status }) => `- ${status} ${path}`)
  const more = changes.length - lines.length
  return [...lines, ...(more > 0 ? [`- and ${more} more`] : [])].join('\n')
}

function rules(nonce: string): string {
  return [
    '- Read before you judge: the code around the change counts as much as the change. Change nothing, run nothing that changes anything.',
    dataRule(nonce),
    '- Ask of the change: does it do what the issue and the plan ask for, and no more? Is it right in the cases that the author may not have thought of? Is it tested where it could break? Is it safe? Can the next reader understand it?',
    '- Name what you have seen, with its file and line, and say how it would be right. Leave out praise, taste, and what a formatter or the checks of the repository find by themselves: they have passed.',
    '- `must` is for what is wrong: a defect, a hole, something asked for that is missing. If there is no such thing, give no such finding.',
    '- Call `submit_review` once, with all findings; an empty list is a good answer. Then end your turn.',
  ].join('\n')
}
