/** The prompt of an agent that proposes work: `src/roles/architect.md` with what the repository gives a reason for. */

import type { ItemRow } from '../db/work-items.ts'
import { type AssembledContext, assembleContext, type ContextPart } from '../domain/context-budget.ts'
import { fenceRule } from './prompt.ts'
import type { ProposalFacts } from './proposal-facts.ts'
import { roleText } from './roles.ts'

export interface ProposalTask {
  repository: string
  /** The roadmap that people read the proposals on. */
  item: Pick<ItemRow, 'issueNumber' | 'title' | 'body'>
  attempt: number
  /** Proposals that are taken, at most. */
  most: number
  facts: ProposalFacts
  /** Who the agent is in the crew, and what is known from earlier work; empty without a crew. */
  crew: readonly ContextPart[]
}

/**
 * What an agent that proposes gets to read, inside the budget.
 * @param nonce see `assembleContext`.
 */
export function proposalPrompt(task: ProposalTask, nonce: string): AssembledContext {
  const { item, facts, repository, attempt, most } = task
  const entries = (lines: readonly string[]) => lines.map((text) => ({ text: `- ${text}` }))
  const others = { untrusted: true }
  const parts: ContextPart[] = [
    { pool: 'reserved', heading: '', entries: [{ text: roleText('architect', 'opening', { repository, attempt }) }] },
    {
      ...{
        pool: 'docs',
        heading: `The roadmap: issue #${item.issueNumber}, ${item.title.replace(/\s+/g, ' ')}`,
        ...others,
      },
      entries: [{ text: item.body || '(The issue has no further text.)' }],
    },
    {
      ...{ pool: 'backlog', heading: 'Lines of roadmaps that no issue covers', ...others },
      entries: entries(facts.gaps),
    },
    { pool: 'working', heading: 'What gates have refused', ...others, entries: entries(facts.refused) },
    { pool: 'learnings', heading: 'What the crew has learned', ...others, entries: entries(facts.learned) },
    { pool: 'backlog', heading: 'Open issues', ...others, entries: entries(facts.open) },
    { pool: 'plans', heading: 'What was proposed and adopted before', ...others, entries: entries(facts.adopted) },
    ...task.crew,
    {
      ...{ pool: 'reserved', heading: 'Rules' },
      entries: [{ text: roleText('architect', 'Rules', { fenceRule: fenceRule(nonce), most }) }],
    },
  ]
  return assembleContext(parts, nonce)
}
