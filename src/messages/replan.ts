/** Planning again: what the planner gets, and the replies of `/replan`. */

import type { ReplanHandoff } from '../domain/replan.ts'
import type { CommandRefusal } from './commands/common.ts'
import { typed } from './commands/typed.ts'

/** For the agent that plans. @param plan the plan that did not work out; absent when there was none. */
export function replanForPlanner(handoff: ReplanHandoff, plan: string | undefined): string {
  const { reason, completed, failedStep, error, suggestion } = handoff
  const done = completed.length > 0 ? completed.map((step) => `- ${step}`).join('\n') : 'Nothing.'
  return [
    `It was built, and that failed: ${reason}. Make a plan that avoids this. What was built is thrown away.`,
    plan && `## The plan that did not work out\n\n${plan}`,
    `## What worked\n\n${done}`,
    `## What failed\n\n${failedStep}`,
    `## The error\n\n${error}`,
    `## Suggestion\n\n${suggestion}`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

export const replanAsked = (login: string) => `${login} has it planned again.`
/** As a part of a sentence, for the planner. */
export const replanWanted = (login: string) => `${login} asked for another plan`
export const replanReply = (attempts: number, running: boolean) =>
  `It is planned again${attempts > 0 ? ', and the planner gets what has failed so far' : ''}.${running ? ' Its agent was asked to stop.' : ''} What was built starts from a clean tree then.`
export const cannotReplan = (status: string, prefix: string): CommandRefusal => [
  `It cannot be planned again now. ${status}`,
  `${typed(prefix, 'stop')} ends its agent first; ${typed(prefix, 'queue')} queues what is over.`,
]
export const epicIsNotReplanned: CommandRefusal = [
  'No agent plans an issue that is made of others.',
  'Say it on one of its parts.',
]
