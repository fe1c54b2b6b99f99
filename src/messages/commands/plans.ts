/** Replies of `/plan`, `/answer`, `/approve`, `/reject`, `/build` and `/orchestrate`. */

import { counted } from '../../lib/counted.ts'
import { singleLine } from '../../lib/sanitise.ts'
import { type CommandRefusal, startsWhenAgentIsFree } from './common.ts'
import { typed } from './typed.ts'

export const nothingQueuedToPlan = (prefix: string): CommandRefusal => [
  'Nothing is queued here.',
  `${typed(prefix, 'plan')} has an agent plan it, ${typed(prefix, 'queue')} queues it.`,
]
/** @param problem one of the sentences below. */
export const problemAndStatus = (problem: string, status: string): CommandRefusal => [`${problem} ${status}`]

/** `/plan` */
export const epicIsNotPlanned: CommandRefusal = [
  'This issue is worked on as the issues it is made of.',
  'Say it there.',
]
export const wantsPlan = (login: string) => `${login} wants a plan of this text.`
/** @param again whether there were plans or questions before. */
export const isPlanned = (again: boolean) =>
  `An agent plans it, with the text as it is now.${again ? ' Earlier plans and questions no longer count.' : ''}`
export const tooLateForPlan = (status: string): CommandRefusal => [`It cannot be planned now. ${status}`]
export const queuedForPlan = (paused: boolean, prefix: string) =>
  `Queued; an agent plans it first.${paused ? ` ${typed(prefix, 'resume all')} lets work start.` : ''}`

/** `/answer` */
export const noQuestionOpen = 'No question is open here.'
export const answerMissing = (prefix: string): CommandRefusal => [
  'The answer is missing.',
  `For example: ${typed(prefix, 'answer only the public API')}.`,
]
export const answerTaken = 'Thank you. It is planned further with your answer.'

/** `/approve` */
export const noPlanToApprove = 'No plan is waiting for approval.'
export const textWasChanged = 'The text of the issue was changed.'
export const approvedOldText = (prefix: string) =>
  `The text of this issue was changed after the plan was made. ${typed(prefix, 'approve')} once more keeps to the plan and the old text, ${typed(prefix, 'plan')} has the new text planned.`
export const breakdownApprovedReply = 'Approved. Its issues are being made; this one shows how they get on.'
export const planApprovedBy = (login: string) => `The plan was approved by ${login}.`
/** @param added whether the person added something. */
export const planApprovedReply = (added: boolean) =>
  `Approved.${added ? ' What you added is part of the plan and outranks it.' : ''} ${startsWhenAgentIsFree}`
/** @param login of the person who approved it, when known. */
export const approvedAlready = (login: string | null) => `The plan is approved already${login ? ` by ${login}` : ''}.`
export const addedToApprovedPlan = (login: string | null) =>
  `The plan was approved already${login ? ` by ${login}` : ''}; what you said now is added to it.`

/** `/approve` of an item that was shown before anything happens. */
export const goAheadReply = (then: string) => `Approved. ${then}`
/** @param because why it is planned first; undefined when it is not. */
export const saidYes = (login: string, because?: string) =>
  `${login} said yes.${because === undefined ? '' : ` Planned before it is built: ${because}.`}`
export const agentPlansNow = 'An agent plans it now.'

/** `/reject` */
export const noPlanToReject = 'No plan is waiting for approval, so there is nothing to reject.'
export const reasonMissing = (prefix: string): CommandRefusal => [
  'Say what is wrong with the plan, so that the next one is better.',
  `For example: ${typed(prefix, 'reject the old files must stay')}. ${typed(prefix, 'reject --drop')} gives the issue up.`,
]
export const planRejectedBy = (login: string, why: string) =>
  `${login} rejected the plan: “${singleLine(why, 200)}” It is planned again.`
export const planRejectedReply = 'An agent plans it again, knowing what you said.'
export const rejectedAndDropped = (prefix: string) => `Given up. ${typed(prefix, 'queue')} queues it again.`

/** `/build` */
export const goalMissing = (prefix: string): CommandRefusal => [
  'The goal is missing.',
  `For example: ${typed(prefix, 'build "Let people export their notes as PDF"')}. ${typed(prefix, 'queue')} has this issue built.`,
]
/** The issue that a goal becomes. */
export const goalOrigin = (login: string, issue: number | undefined) =>
  `Asked for by ${login}${issue === undefined ? '' : ` in #${issue}`}.`
export const goalIssueExists = (issue: number, state: string | undefined) =>
  `That goal is #${issue} already${state === undefined ? '' : `, which is ${state}`}.`
export const goalIssueUnderWay = 'An issue is being made of that goal already.'
/**
 * A goal that is wanted already, with numbered choices.
 * @param alike the issues that mean it, best first. @param alike.hours agent hours that are expected; null: not known.
 */
export function goalIsHereAlready(
  goal: string,
  alike: readonly { issue: number; title: string; state: string; hours: number | null }[],
  prefix: string,
): string {
  const shown = alike.map(({ issue, title, state }) => `- #${issue} ${singleLine(title, 100)} (${state})`).join('\n')
  const [best] = alike
  const hours = (some: typeof alike) => some.reduce((sum, one) => sum + (one.hours ?? 0), 0)
  const time = (some: typeof alike) => (hours(some) > 0 ? `, about ${counted(hours(some), 'agent hour')}` : '')
  const all = alike.map(({ issue }) => `#${issue}`).join(' ')
  const quoted = singleLine(goal.split('\n')[0] ?? '', 100).replaceAll('"', '')
  const choices = [
    `Just #${best?.issue}${time(alike.slice(0, 1))}: ${typed(prefix, `spawn #${best?.issue}`)}`,
    ...(alike.length > 1 ? [`These in parallel${time(alike)}: ${typed(prefix, `assign ${all}`)}`] : []),
    `Show all that can start: ${typed(prefix, 'next 30')}`,
    `Something else is meant: ${typed(prefix, `build --new "${quoted}"`)} makes an issue of it`,
  ]
  return [
    'This is wanted here already, so no issue was made of it:',
    shown,
    choices.map((choice, at) => `${at + 1}. ${choice}`).join('\n'),
    `Recommended: 1, ${best?.state === 'held' || best?.state === 'paused' ? 'once what holds it is cleared' : 'since it says the same'}.`,
  ].join('\n\n')
}
/** @param explicit whether it is shown first how it would be worked on. */
export const goalIssueRequested = (explicit: boolean) =>
  explicit
    ? 'An issue is being made of it; there you see how it would be worked on, and say whether it is.'
    : 'An issue is being made of it and queued; it appears here as a reference in a moment.'

/** `/orchestrate` */
export const pullRequestIsBuilt = (prefix: string): CommandRefusal => [
  'A pull request is built already.',
  `Say it on an issue, or name a goal: ${typed(prefix, 'orchestrate build "…"')}.`,
]
export const epicIsNotBuilt = (status: string): CommandRefusal => [
  `This issue is worked on as the issues it is made of. ${status}`,
]
export const wantsPreview = (login: string) => `${login} wants to see how it would be built.`
export const previewFollows = 'This shows in a moment how it would be worked on; nothing happens before you say yes.'
