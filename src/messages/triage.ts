/** What people read about the triage of a queued issue: why it is built, planned, held, or shown to a person first. */

import type { Routing } from '../domain/choose-workflow.ts'
import type { Effort } from '../lib/effort-hours.ts'
import { singleLine } from '../lib/sanitise.ts'

export const nothingToPlan = (signals: readonly string[]) => `Nothing to plan: ${signals.join(', ')}.`
export const plannedFirst = (because: string) => `Planned before it is built: ${because}.`
export const labelsChanged = (login: string) => `${login} has changed its labels.`
export const planSmallerThanLabel = (effort: Effort) =>
  `The label \`effort:${effort}\` says that this is large, and no person has approved the plan. \`/approve\` goes on with it, \`/reject\` drops it.`
export const madeOfOtherIssues = 'It is made of other issues.'
export const roadmapLabelRemoved = (login: string) => `${login} removed the label of a roadmap.`

/**
 * The item is held, since its agent does not exist.
 * @param agent.chosenBy who named it. @param agent.nearest a known name that is nearly the same.
 */
export function unknownAgent(agent: {
  name: string
  chosenBy: 'operator' | 'settings'
  nearest: string | undefined
  known: readonly string[]
}): string {
  const where = agent.chosenBy === 'operator' ? 'The operator chose' : 'The settings name'
  const meant = agent.nearest ? `; did you mean \`${agent.nearest}\`?` : ''
  const known = agent.known.map((name) => `\`${name}\``).join(', ')
  return `${where} the agent \`${agent.name}\`, which does not exist${meant} Known: ${known}. Mend it, then say \`/retry\`.`
}

const workflows: Record<Routing['workflow'], string> = {
  build_only: 'an agent builds it at once',
  plan_then_build: 'an agent plans it, then an agent builds it',
  decompose_first: 'an agent splits it into issues, then agents build them',
  multi_task: 'an agent makes an issue of each thing it asks for, then agents build them',
}

/** For a person who wants to see first how a goal would be worked on: size, workflow, agents, confidence, similar issues. */
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
  // What happens, whatever it was routed as: nothing is planned that needs no plan.
  const workflow = small ? 'build_only' : routing.workflow
  const agents = !first
    ? 'one'
    : routing.workflow === 'plan_then_build'
      ? 'two: one plans it, one builds it'
      : 'one to plan, then one for each item'
  const open = like.map((one) => `#${one.issueNumber} ${singleLine(one.title, 80)}`)
  return [
    `**Goal:** ${singleLine(item.title)}`,
    `**Complexity:** ${complexity(routing, item.effort, first)}`,
    `**Workflow:** \`${workflow}\`: ${workflows[workflow]}`,
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
