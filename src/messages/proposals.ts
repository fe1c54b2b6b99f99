/** What people read about work that an agent proposes: the comment, the issue of an adopted one, replies. */

import type { EffectOf } from '../domain/effects.ts'
import type { Proposal } from '../domain/proposals.ts'
import { counted } from '../lib/counted.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'
import type { CommandRefusal } from './commands/common.ts'
import { typed } from './commands/typed.ts'
import { agentName, type NamedRun } from './crew.ts'

/** How a run ended. */
export const agentCannotPropose = (agent: string) =>
  `The agent \`${agent}\` gets a prompt and changes files; it has no way to hand in proposals. Choose another \`roles.architect.agent\``
export const proposalsHandedIn = (count: number) => `${counted(count, 'proposal')} handed in`
export const noProposals = (problem: string) =>
  problem ? 'The agent handed in nothing that can be used' : 'The agent ended without proposals'

/** Why no other agent may start now; it is tried again. */
export const proposalsWait = 'the agent that proposes work waits until another agent may start'

/** Replies of `/propose`. */
export const proposalsAsked =
  'An agent reads the findings of the gates, what the crew has learned, and the lines of the roadmap that no issue covers. Its proposals come as one comment here. Nothing is done before a person adopts one.'
export const proposalsUnderWay = 'An agent is looking for proposals already; they come as one comment here.'
export const proposeOnRoadmap = (prefix: string): CommandRefusal => [
  'This issue is a piece of work itself.',
  `Say ${typed(prefix, 'propose')} on a roadmap, or on an issue of its own, which becomes one.`,
]
/** @param why a sentence without its stop. */
export const proposalsFailed = (why: string, prefix: string) =>
  `There are no proposals: ${singleLine(why, 300).replace(/\.$/, '')}. ${typed(prefix, 'propose')} asks once more.`
export const noNewProposals = (run: NamedRun) =>
  `${agentName(run)} has looked for work that is worth proposing, and has found nothing that no issue covers.`

/** Replies of `/adopt`. */
export const noProposalsHere = (prefix: string): CommandRefusal => [
  'There are no proposals here.',
  `${typed(prefix, 'propose')} on a roadmap has an agent make some.`,
]
/** @param open the numbers that can be adopted. */
export const noSuchProposal = (number: number, open: readonly number[], prefix: string): CommandRefusal => [
  `There is no proposal ${number} here.`,
  open.length > 0
    ? `There ${open.length === 1 ? 'is' : 'are'} ${open.join(', ')}: ${typed(prefix, `adopt ${open[0]}`)}.`
    : `No proposal is open. ${typed(prefix, 'propose')} has an agent make new ones.`,
]
export const proposalReplaced = (number: number, open: readonly number[], prefix: string): CommandRefusal => [
  `Proposal ${number} was replaced by later ones.`,
  open.length > 0 ? `Open: ${open.join(', ')}.` : `${typed(prefix, 'propose')} has an agent make new ones.`,
]
export const adoptedAlready = (number: number, issue: number | null) =>
  issue === null
    ? `Proposal ${number} is adopted; its issue is being made.`
    : `Proposal ${number} is #${issue} already.`
export const proposalAdopted = (number: number, queued: boolean) =>
  `Adopted: proposal ${number} becomes an issue${queued ? ', which is queued' : ''}. Its number stands in the comment with the proposals.`
/** @param error what GitHub said. */
export const proposalIssueNotCreated = (number: number, error: string, prefix: string) =>
  `The issue of proposal ${number} could not be made: ${singleLine(error, 300)} ${typed(prefix, `adopt ${number}`)} tries again.`

/** A proposal as it stands in the comment. */
export interface ShownProposal extends Proposal {
  number: number
  state: 'open' | 'adopted' | 'replaced'
  adoptedBy: string | null
  issueNumber: number | null
}

const sources: Readonly<Record<Proposal['source']['kind'], string>> = {
  gate: 'a finding of a gate',
  learning: 'something that the crew has learned',
  roadmap: 'a line of a roadmap',
  code: 'the code',
}

/** Of those that were adopted, so many are listed. */
const mostAdopted = 20

/** The one comment with the proposals of a roadmap. @param run who has made those that are open. */
export function proposalComment(run: NamedRun, all: readonly ShownProposal[], prefix: string): string {
  const open = all.filter(({ state }) => state === 'open')
  const adopted = all.filter(({ state }) => state === 'adopted')
  const first = open[0]?.number
  return [
    '### Proposals',
    open.length === 0 && 'No proposal is open.',
    first !== undefined &&
      `${agentName(run)}, an agent, proposes this. Nothing of it is done before a person with write access adopts it: ${typed(prefix, `adopt ${first}`)} makes an issue of number ${first}, ${typed(prefix, `adopt ${first} --queue`)} has it worked on too. ${typed(prefix, 'propose')} replaces the open ones by new ones.`,
    ...open.map(openProposal),
    adopted.length > 0 && `**Adopted**\n\n${adopted.slice(-mostAdopted).map(adoptedProposal).join('\n')}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

function openProposal({ number, title, why, source, size, risk, dependsOn }: ShownProposal): string {
  const after = dependsOn.length > 0 ? ` · after ${dependsOn.map((issue) => `#${issue}`).join(', ')}` : ''
  return [
    `**${number}. ${singleLine(title)}**`,
    `${quoted(why)}`,
    `<sub>Size ${size} · risk ${risk}${after} · from ${sources[source.kind]}: ${singleLine(source.text, 300)}</sub>`,
  ].join('\n\n')
}

/** As a quotation: what an agent says is not taken for the words of Tutti. */
function quoted(text: string): string {
  return sanitiseMarkdown(text, 2_000).replace(/^/gm, '> ')
}

function adoptedProposal({ number, title, adoptedBy, issueNumber }: ShownProposal): string {
  const issue = issueNumber === null ? 'its issue is being made' : `#${issueNumber}`
  return `- ${number}. ${singleLine(title)}: ${issue}, adopted by ${singleLine(adoptedBy ?? '', 40)}`
}

/** The issue that an adopted proposal becomes. @param place.roadmap the issue with the proposals. */
export function proposedIssue(
  proposal: Proposal,
  { roadmap, login, labels }: { roadmap: number; login: string; labels: string[] },
): Pick<EffectOf<'create-issue'>['payload'], 'title' | 'body' | 'labels'> {
  const { title, why, source, size, risk, dependsOn } = proposal
  const body = [
    sanitiseMarkdown(why, 2_000),
    `From ${sources[source.kind]}: ${singleLine(source.text, 300)}`,
    ...dependsOn.map((issue) => `Depends on #${issue}`),
    `Proposed by an agent in #${roadmap} (size ${size}, risk ${risk}), adopted by ${singleLine(login, 40)}.`,
  ]
  return { title: singleLine(title), body: body.join('\n\n'), labels }
}
