/** The prompt of an agent that plans: `src/roles/planner.md` with what the run is about. It holds only the text and texts of people with write access. */

import type { Settings } from '../config/settings.ts'
import type { PlanRow, QuestionRow } from '../db/plans.ts'
import type { RunRow } from '../db/runs.ts'
import type { ItemRow } from '../db/work-items.ts'
import { needsBreakdown } from '../domain/choose-workflow.ts'
import { type AssembledContext, assembleContext, type ContextPart } from '../domain/context-budget.ts'
import { answersForAgent, planForAgent } from '../messages/plans.ts'
import { replanForPlanner } from '../messages/replan.ts'
import { fenceRule, inlineList } from './prompt.ts'
import { roleText } from './roles.ts'

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

function opening({ repository, run: { purpose, attempt } }: PlanningTask): string {
  return roleText('planner', 'opening', { repository, purpose, attempt })
}

function rules({ item, questionsLeft, settings }: PlanningTask, nonce: string): string {
  const pieces = needsBreakdown(item.routing) ? 'Size: several pieces of work' : 'Size: one piece of work'
  return roleText('planner', 'Rules', {
    fenceRule: fenceRule(nonce),
    size: roleText('planner', pieces),
    questions: questionsRule(questionsLeft),
    modules: inlineList(Object.keys(settings.modules)),
  })
}

function questionsRule(questionsLeft: number): string {
  if (questionsLeft <= 0) return roleText('planner', 'Questions: none is left')
  if (questionsLeft === 1) return roleText('planner', 'Questions: one round is left')
  return roleText('planner', 'Questions: several rounds are left', { questionsLeft })
}
