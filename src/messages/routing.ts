/** What a person reads who wants to see how a goal would be worked on, before anything happens. */

import type { Routing } from '../domain/choose-workflow.ts'
import type { Effort } from '../lib/effort-hours.ts'
import { singleLine } from '../lib/sanitise.ts'

const workflows: Record<Routing['workflow'], string> = {
  build_only: 'an agent builds it at once',
  plan_then_build: 'an agent plans it, then an agent builds it',
  decompose_first: 'an agent takes it apart into issues, then agents build them',
  multi_task: 'an agent makes an issue of each thing it asks for, then agents build them',
}

/** The goal, its size, the workflow, who works, how sure that is, and what is open that looks like it. */
export function routingPreview(view: {
  item: { title: string; effort: Effort | null }
  routing: Routing
  /** Why it is planned first; undefined when it is not. */
  first: string | undefined
  agent: string
  like: readonly { issueNumber: number; title: string }[]
}): string {
  const { item, routing, first, agent, like } = view
  const small = routing.workflow === 'plan_then_build' && !first
  const how = small ? 'small enough that an agent builds it at once' : workflows[routing.workflow]
  const agents = first ? 'one to plan, then one for each item' : 'one'
  const open = like.map((one) => `#${one.issueNumber} ${singleLine(one.title, 80)}`)
  return [
    `**Goal:** ${singleLine(item.title)}`,
    `**Complexity:** ${complexity(routing, item.effort, first)}`,
    `**Workflow:** \`${routing.workflow}\`: ${how}`,
    `**Agents:** ${agents} (${agent})`,
    `**Confidence:** ${Math.round(routing.confidence * 100)} %, because ${routing.signals.map((signal) => singleLine(signal)).join(', ')}`,
    open.length > 0 && `**Already open and alike:** ${open.join('; ')}. Look there first.`,
    '`/approve` goes on like this, `/reject` drops it.',
  ]
    .filter(Boolean)
    .join('\n\n')
}

function complexity({ workflow }: Routing, effort: Effort | null, first: string | undefined): string {
  const size = workflow === 'decompose_first' || workflow === 'multi_task' ? 'large' : first ? 'medium' : 'small'
  return effort ? `${size}, labelled \`effort:${effort}\`` : size
}
