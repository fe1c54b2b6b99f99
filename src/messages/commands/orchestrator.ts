/** One line for people beside the data that programs get, and why such a command is refused. */

import { counted } from '../../lib/counted.ts'
import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'
import { typed } from './typed.ts'

export const agentCount = (agents: number) => (agents === 1 ? 'One agent.' : `${agents} agents.`)

export const workQueueText = (totals: {
  pending: number
  inProgress: number
  completed: number
  needsPerson: number
}) =>
  `${totals.pending} pending, ${totals.needsPerson} waiting for a person, ${totals.inProgress} in progress, ${totals.completed} completed.`

export const cursorNeedsList: CommandRefusal = [
  'A `cursor` belongs to one list, and none was named.',
  'Name it: `{"list": "pending", "cursor": "2.120"}`.',
]

/** Why no work starts after a shutdown. */
export const shutDownBy = (login: string) => `Shut down by ${login}.`

/** The state of an orchestrator in one line. */
export function orchestratorText(one: {
  systemId: string
  status: string
  statusReason: string
  completionPercent: number
  agents: { active: number }
}): string {
  const why = one.statusReason ? ` (${singleLine(one.statusReason)})` : ''
  return `${one.systemId} is ${one.status}${why}: ${one.completionPercent} % completed, ${agentCount(one.agents.active).toLowerCase()}`
}

/** @param change.pathGiven whether a path of a working copy was named. */
export function initialisedText(state: string, change: { resumed: boolean; pathGiven: boolean }): string {
  return [
    change.resumed ? 'It was shut down and goes on.' : 'It is there.',
    state,
    change.pathGiven ? 'Tutti works in clones of its own: the path was not needed.' : '',
  ]
    .filter(Boolean)
    .join(' ')
}
export const pausedText = 'No new work starts; agents at work finish.'
export const resumedText = (wasStopped: boolean) => (wasStopped ? 'New work may start.' : 'It was not paused.')
export const shutDownText = (agents: number) =>
  agents === 0
    ? 'Shut down. `init_orchestrator` or `resume_orchestrator` starts it again.'
    : `Shut down: ${agents === 1 ? 'the agent at work finishes' : `the ${agents} agents at work finish`}, and nothing new starts.`

export const noSuchAgent = (agentId: string) => `There is no agent \`${plain(agentId)}\` in this repository.`
export const agentHasEnded = (agentId: string) => `Agent \`${plain(agentId)}\` has ended already.`
export const howToListAgents = '`list_agents` has those of this repository, with their ids.'
export const agentText = (one: { name: string; kind: string; status: string; issue: number; attempt: number }) =>
  `${singleLine(one.name || one.kind, 60)} is ${one.status}: #${one.issue}, attempt ${one.attempt}.`
export const terminatedText = (one: { name: string; kind: string; issue: number }) =>
  `${singleLine(one.name || one.kind, 60)} is being ended. What it changed is kept, and #${one.issue} is paused.`

/** `/spawn`, `spawn_agent` */
export const cannotSpawnWhilePaused = (reason: string, prefix: string): CommandRefusal => [
  `No agent starts here: the repository is paused${reason ? ` (${singleLine(reason)})` : ''}.`,
  `${typed(prefix, 'resume all')}, or \`resume_orchestrator\`, lets work start.`,
]
export const noSuchLoop = (problem: string): CommandRefusal => [problem]
/** @param busy issues of the module that agents work on. @param other how many items of it wait for something else. */
export function noWorkInModule(moduleId: string, { busy, other }: { busy: readonly number[]; other: number }) {
  const working = busy.length > 0 ? ` Agents are at work on ${busy.map((issue) => `#${issue}`).join(', ')}.` : ''
  const waiting =
    other > 0 ? ` ${other} more of it ${other === 1 ? 'waits' : 'wait'} for other issues or for a person.` : ''
  return [
    `Nothing in the module \`${plain(moduleId)}\` can start.${working}${waiting}`,
    'Name a `scope` to have an issue made of it, or give an open issue the label `module:…` and queue it.',
  ] as const
}
export const goesFirstText = (issue: number) => `#${issue} goes first from now on; the scheduler decides now.`
export const startedText = (one: { name: string; kind: string; issue: number }) =>
  `${singleLine(one.name || one.kind, 60)} has started on #${one.issue}.`
export const doesNotStartYet = (issue: number, why: string) =>
  `#${issue} goes first and has not started yet${why ? `: ${singleLine(why, 300)}` : '.'}`

export const cannotStartNow = 'No agent can start on it now.'

/** `run_autonomous_cycle`, `spawn_agents_auto`, `/cycle` */
export const cycleBegun = (waiting: number) =>
  waiting === 0
    ? 'The scheduler decides again now. Nothing waits for an agent.'
    : `The scheduler decides again now about ${waiting === 1 ? 'the item that waits' : `the ${waiting} items that wait`} for an agent. The status of each issue shows what it decided.`
/** The entry of a cycle in the event log. */
export const cycleEvent = 'autonomous cycle'
export const cycleWhy = (cycleId: string) => `Cycle ${cycleId}: the scheduler was asked to decide.`
/** @param settled whether the scheduler has decided. */
export function cycleText(agents: readonly { issue: number }[], settled: boolean): string {
  const issues = agents.map(({ issue }) => `#${issue}`).join(', ')
  const many = agents.length === 1 ? 'One agent has' : `${agents.length} agents have`
  const started = agents.length === 0 ? 'No agent has started.' : `${many} started: ${issues}.`
  return settled ? started : `${started} The scheduler is not through yet.`
}

export const nextWorkText = (items: readonly { issue: number }[], more: number) =>
  items.length === 0
    ? 'Nothing waits for an agent.'
    : `Next: ${items.map(({ issue }) => `#${issue}`).join(', ')}${more > 0 ? ` and ${more} more` : ''}.`
export const progressText = (one: { completionPercent: number; items: { completed: number; total: number } }) =>
  `${one.completionPercent} % completed: ${one.items.completed} of ${counted(one.items.total, 'item')}.`
export const exportedText = (systemId: string, agents: number) =>
  `The orchestrator of ${systemId}, with ${agentCount(agents).toLowerCase()}`
export const eventCount = (events: number) => (events === 1 ? 'One event.' : `${events} events.`)

function plain(text: string): string {
  return singleLine(text, 60).replaceAll('`', "'")
}
