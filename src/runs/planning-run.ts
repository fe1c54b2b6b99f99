/**
 * One attempt of an agent that plans: it reads a tree of its own that is thrown away afterwards, and what counts is only
 * what it hands in through its tools. Nothing it writes reaches a branch, whatever it was told.
 */

import { join } from 'node:path'
import type { AgentKind } from '../agents/agent.ts'
import type { Settings } from '../config/settings.ts'
import { latestPlan, roundsOf } from '../db/plans.ts'
import { isPlanning, runsOf, updateRun } from '../db/runs.ts'
import type { Submission } from '../domain/plan.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { removeFolder } from '../git/files.ts'
import { validBranch } from '../git/names.ts'
import { makeReadOnly } from '../git/read-only.ts'
import type { Sha } from '../lib/ids.ts'
import { runAgentSession } from './agent-session.ts'
import type { Attempt } from './context.ts'
import { planningTools } from './mcp/tools.ts'
import { type AttemptEnd, failureOf, stopped } from './outcomes.ts'
import { planPrompt } from './planning-prompt.ts'

interface Base {
  control: BareClone
  settings: Settings
  base: Sha
  kind: AgentKind
}

/** Has the item planned by the agent of this attempt. */
export async function runPlanning(one: Attempt, { control, settings, base, kind }: Base): Promise<AttemptEnd> {
  const { context, run, item, lease } = one
  if (kind.protocol !== 'acp') return cannotPlan(run.agent)
  const rounds = await roundsOf(context.store.db, item.id)
  const questionsLeft = settings.planning.questions - (rounds.length - item.planningRoundsOffset)
  let handedIn: Submission | undefined
  let problem = ''
  const tools = planningTools({
    questionsLeft,
    keep: async (submission) => {
      await updateRun(context.store.db, lease, { submission })
      handedIn = submission
    },
    onRefused: (text) => {
      problem = text
    },
  })
  const tree = await openTree(one, control, base)
  try {
    const last = await latestPlan(context.store.db, item.id)
    const outcome = await runAgentSession(one, {
      kind,
      settings,
      cwd: tree.path,
      prompt: planPrompt({ item, run, repository: one.repo.fullName, rounds, questionsLeft, last, settings }),
      tools,
      permissions: 'reading-only',
    })
    if (outcome.kind === 'stopped') return stopped(one.signal.reason)
    // Handed in is handed in, however the agent ended afterwards.
    if (handedIn) return { outcome: 'planned', summary: summaryOf(handedIn) }
    return failureOf(outcome) ?? noPlan(problem)
  } finally {
    await tree.remove()
  }
}

function cannotPlan(agent: string): AttemptEnd {
  return {
    outcome: 'agent cannot plan',
    summary: `The agent \`${agent}\` gets a prompt and changes files; it has no way to hand in a plan. Choose another \`agent\`, or set \`planning.when: never\` to have this built at once, then say \`/retry\``,
  }
}

function noPlan(problem: string): AttemptEnd {
  const summary = 'The agent ended without a plan that can be used'
  const said = problem || 'You ended your turn without calling submit_plan, submit_breakdown or ask.'
  return {
    outcome: 'no plan',
    summary: problem ? `${summary}. ${problem}` : `${summary}: it handed in nothing`,
    lesson: said,
    signature: 'no plan',
  }
}

function summaryOf(submission: Submission): string {
  if (submission.kind !== 'questions') return submission.summary
  const { length } = submission.questions
  return `It asks ${length === 1 ? 'one question' : `${length} questions`}.`
}

/** A tree of the base commit for this attempt alone. Trees that earlier attempts left when they died are removed. */
async function openTree({ context, run, item }: Attempt, control: BareClone, base: Sha) {
  const place = (runId: number) => ({
    path: join(context.env.dataDirectory, 'plans', `run-${runId}`),
    branch: validBranch(`tutti-plan/${runId}`),
  })
  const remove = async (runId: number) => {
    const tree = place(runId)
    // Emptied first: what is in it is not to be rescued.
    await removeFolder(tree.path)
    await control.removeWorktree(tree, { merged: base })
  }
  const earlier = (await runsOf(context.store.db, item.id)).filter((past) => isPlanning(past) && past.stage === 'ended')
  for (const { id } of earlier) await remove(id)
  const { path } = await control.addWorktree({ ...place(run.id), base })
  await makeReadOnly(path)
  return { path, remove: () => remove(run.id) }
}
