/** The prompt of an agent that plans. It holds only the issue's text and texts of people with write access. */

import type { Settings } from '../config/settings.ts'
import type { PlanRow, QuestionRow } from '../db/plans.ts'
import type { RunRow } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { needsBreakdown } from '../domain/choose-workflow.ts'
import { type AssembledContext, assembleContext, type ContextPart } from '../domain/context-budget.ts'
import { answersForAgent, planForAgent } from '../messages/plans.ts'
import { replanForPlanner } from '../messages/replan.ts'
import { dataRule } from './prompt.ts'

export interface PlanningTask {
  repository: string
  item: Pick<ItemRow, 'issueNumber' | 'title' | 'body' | 'routing'> & Partial<Pick<ItemRow, 'replanHandoff'>>
  run: Pick<RunRow, 'attempt' | 'feedback' | 'purpose'>
  /** All rounds of questions so far, answered or not. */
  rounds: readonly QuestionRow[]
  questionsLeft: number
  /** The plan before, if there was one. */
  last: PlanRow | undefined
  settings: Settings
  /** Who the agent is in the crew, and what is known from earlier work; empty without a crew. */
  crew: readonly ContextPart[]
}

/**
 * What an agent that plans gets to read, inside the budget.
 * @param nonce see `assembleContext`.
 */
export function planPrompt(task: PlanningTask, nonce: string): AssembledContext {
  const { item, run, rounds, last } = task
  const one = (text: string | undefined) => (text ? [{ text }] : [])
  const rejected = last?.state === 'rejected' ? last : undefined
  const others = { untrusted: true }
  const parts: ContextPart[] = [
    { pool: 'reserved', heading: '', entries: one(opening(task)) },
    {
      ...{
        pool: 'reserved',
        heading: `Goal: issue #${item.issueNumber}, ${item.title.replace(/\s+/g, ' ')}`,
        ...others,
      },
      entries: one(item.body || '(The issue has no further text.)'),
    },
    { pool: 'plans', heading: 'What was asked before', ...others, entries: one(answersForAgent(rounds)) },
    {
      ...{ pool: 'plans', heading: 'The plan before was rejected', ...others },
      entries: rejected ? [{ text: planForAgent(rejected), finished: true }] : [],
    },
    {
      ...{ pool: 'plans', heading: 'Why it was rejected, which outranks everything above', ...others },
      entries: one(rejected?.why ?? ''),
    },
    {
      ...{ pool: 'plans', heading: 'Why it is planned again', ...others },
      entries: one(item.replanHandoff ? replanForPlanner(item.replanHandoff, last && planForAgent(last)) : ''),
    },
    { pool: 'working', heading: 'What was wrong with the last attempt', ...others, entries: one(run.feedback) },
    ...task.crew,
    { pool: 'reserved', heading: 'Rules', entries: one(rules(task, nonce)) },
  ]
  return assembleContext(parts, nonce)
}

function opening({ repository, run }: PlanningTask): string {
  return `You are planning work on ${repository}. The directory is a copy to read: nothing you change in it is kept, and nothing you say is read by anybody. What counts is the tool that you call at the end.\n\nPurpose: ${run.purpose}\nAttempt: ${run.attempt}`
}

function rules({ item, questionsLeft, settings }: PlanningTask, nonce: string): string {
  const modules = Object.keys(settings.modules)
  const whole = needsBreakdown(item.routing)
    ? '- This looks like several pieces of work. Take it apart: features, and in each the items that one agent can build and one person can review in a sitting. Call `submit_breakdown`. If one change is enough after all, call `submit_plan`.'
    : '- Call `submit_plan`. If the goal is too large for one change that a person can review in a sitting, call `submit_breakdown` instead.'
  const asking =
    questionsLeft > 0
      ? `- If the answer to a question would change the plan and the repository does not say it, call \`ask\` and end your turn. ${questionsLeft === 1 ? 'This is the last time that you can ask.' : `You can ask ${questionsLeft} more times.`}`
      : '- No more questions can be asked: decide yourself, and say in the summary what you assumed.'
  return [
    '- Read before you plan. Change nothing, run nothing that changes anything.',
    dataRule(nonce),
    whole,
    asking,
    '- Name the files that will change as exactly as you can: work that touches the same files is kept apart by it.',
    '- Be honest about risk and confidence: they decide whether a person looks at the plan first.',
    modules.length > 0 && `- The modules of this repository: ${modules.map((name) => `\`${name}\``).join(', ')}.`,
  ]
    .filter(Boolean)
    .join('\n')
}
