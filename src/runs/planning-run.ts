/**
 * One attempt of an agent that plans: it reads a worktree of its own, which is removed afterwards. Only its submission
 * through the tools counts. No file that it writes reaches a branch, whatever its prompt says.
 */

import type { AgentKind } from '../agents/agent.ts'
import type { Settings } from '../config/settings.ts'
import { latestPlan, roundsOf } from '../db/plans.ts'
import { updateRun } from '../db/runs.ts'
import type { Submission } from '../domain/plan.ts'
import type { BareClone } from '../git/bare-clone.ts'
import type { Sha } from '../lib/ids.ts'
import * as messages from '../messages/runs.ts'
import { runAgentSession } from './agent-session.ts'
import type { Attempt } from './context.ts'
import { openCrewSession } from './crew-session.ts'
import { planningTools } from './mcp/tools.ts'
import { type AttemptEnd, failureOf, isCostStop, stopped } from './outcomes.ts'
import { planPrompt } from './planning-prompt.ts'
import { contextNonce } from './prompt.ts'
import { openReadingTree } from './reading-tree.ts'

/** What a run that changes nothing needs. `base`: the head of the base branch. */
export interface ReadingRun {
  control: BareClone
  settings: Settings
  base: Sha
  kind: AgentKind
}

/** Runs the agent of this attempt to plan the item. */
export async function runPlanning(
  attempt: Attempt,
  { control, settings, base, kind }: ReadingRun,
): Promise<AttemptEnd> {
  const { context, run, item, repo, lease } = attempt
  if (kind.protocol !== 'acp') return cannotPlan(run.agent)
  const rounds = await roundsOf(context.store.db, item.id)
  const questionsLeft = settings.planning.questions - (rounds.length - item.planningRoundsOffset)
  let submitted: Submission | undefined
  let problem = ''
  const tools = planningTools({
    questionsLeft,
    save: async (submission) => {
      await updateRun(context.store.db, lease, { submission })
      submitted = submission
    },
    onRefused: (text) => {
      problem = text
    },
  })
  const tree = await openReadingTree(attempt, control, base)
  try {
    const last = await latestPlan(context.store.db, item.id)
    const crew = await openCrewSession(attempt, { settings, protocol: kind.protocol, head: async () => base })
    const outcome = await runAgentSession(attempt, {
      kind,
      control,
      settings,
      cwd: tree.path,
      prompt: planPrompt(
        { item, run, repository: repo.fullName, rounds, questionsLeft, last, settings, crew: crew.prompt },
        contextNonce(),
      ),
      tools,
      crew,
    })
    const { reason } = attempt.signal
    // A submission counts, however the agent ended afterwards, unless a person or the end of Tutti has stopped it.
    if (outcome.kind === 'stopped' && !(submitted && isCostStop(reason))) return stopped(reason)
    if (outcome.kind === 'finished') await crew.end()
    if (submitted) return { outcome: 'planned', summary: summaryOf(submitted) }
    return failureOf(outcome) ?? noPlan(problem)
  } finally {
    await tree.remove()
  }
}

function cannotPlan(agent: string): AttemptEnd {
  return { outcome: 'agent cannot plan', summary: messages.agentCannotPlan(agent) }
}

function noPlan(problem: string): AttemptEnd {
  const lesson = problem || 'You ended your turn without calling submit_plan, submit_breakdown or ask.'
  return { outcome: 'no plan', summary: messages.noPlan(problem), lesson, signature: 'no plan' }
}

function summaryOf(submission: Submission): string {
  return submission.kind === 'questions' ? messages.questionsHandedIn(submission.questions.length) : submission.summary
}
