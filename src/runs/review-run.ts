/**
 * One review by an agent: it reads a worktree of exactly the commit that people are asked to review. Only what it hands in
 * by its tool counts; the pull request waits for none of it.
 */

import { approvedPlan, roundsOf } from '../db/plans.ts'
import { buildsOf, updateRun } from '../db/runs.ts'
import { type AgentReview, markInDiff } from '../domain/agent-review.ts'
import { shownLines } from '../domain/patch.ts'
import { agentRunOf } from '../domain/run-author.ts'
import type { BareClone } from '../git/bare-clone.ts'
import { validBranch } from '../git/names.ts'
import { type Sha, sha } from '../lib/ids.ts'
import * as messages from '../messages/agent-review.ts'
import { answersForAgent, planForAgent } from '../messages/plans.ts'
import { runAgentSession } from './agent-session.ts'
import type { Attempt } from './context.ts'
import { openCrewSession } from './crew-session.ts'
import { reviewTool } from './mcp/review-tool.ts'
import { type AttemptEnd, failureOf, isCostStop, stopped } from './outcomes.ts'
import type { ReadingRun } from './planning-run.ts'
import { contextNonce } from './prompt.ts'
import { openReadingTree } from './reading-tree.ts'
import { reviewPrompt } from './review-prompt.ts'

/** Bytes of the patch in the prompt; the files are in the tree. */
const patchBytes = 100_000
/** Bytes of the patch that are read for the lines that it shows. */
const diffBytes = 8 * 2 ** 20

/** Runs the agent of this attempt to review the commit of its run. */
export async function runReview(attempt: Attempt, { control, settings, base, kind }: ReadingRun): Promise<AttemptEnd> {
  const { context, run, lease } = attempt
  if (kind.protocol !== 'acp') return { outcome: 'agent cannot review', summary: messages.agentCannotReview(run.agent) }
  const head = await commitToReview(attempt, control)
  const fork = (await control.mergeBase(base, head)) ?? base
  // A finding beyond what is read of a large patch stands in the text of the review.
  const shown = shownLines((await control.diff(fork, head, diffBytes)).text)
  let review: AgentReview | undefined
  let problem = ''
  const tool = reviewTool({
    save: async (handedIn) => {
      const submission = markInDiff(handedIn, shown)
      await updateRun(context.store.db, lease, { submission })
      review = submission
    },
    onRefused: (text) => {
      problem = text
    },
  })
  const tree = await openReadingTree(attempt, control, head)
  try {
    const crew = await openCrewSession(attempt, { settings, protocol: kind.protocol, head: async () => head })
    const outcome = await runAgentSession(attempt, {
      ...{ kind, control, settings, cwd: tree.path, crew, tools: [tool] },
      prompt: reviewPrompt({ ...(await taskOf(attempt, control, { fork, head })), crew: crew.prompt }, contextNonce()),
    })
    const { reason } = attempt.signal
    // A review counts, however the agent ended afterwards, unless a person or the end of Tutti has stopped it.
    if (outcome.kind === 'stopped' && !(review && isCostStop(reason))) return stopped(reason)
    if (outcome.kind === 'finished') await crew.end()
    if (review) return { outcome: 'reviewed', summary: review.summary }
    return failureOf(outcome) ?? { outcome: 'no review', summary: messages.noReview(problem), signature: 'no review' }
  } finally {
    await tree.remove()
  }
}

/** The commit of the run. Another machine may have made it: then it is fetched. */
async function commitToReview({ run, item }: Attempt, control: BareClone): Promise<Sha> {
  const head = sha(run.headSha ?? '')
  if (!(await control.treeOf(head))) await control.fetch([validBranch(item.branch)])
  return head
}

async function taskOf({ context, run, item, repo }: Attempt, control: BareClone, at: { fork: Sha; head: Sha }) {
  const { db } = context.store
  const built = agentRunOf(await buildsOf(db, item.id), at.head)
  const plan = await approvedPlan(db, item)
  return {
    ...{ repository: repo.fullName, item, attempt: run.attempt, ...at },
    summary: built?.summary ?? '',
    plan: plan ? planForAgent(plan) : '',
    answers: answersForAgent(await roundsOf(db, item.id)),
    changes: await control.changes(at.fork, at.head),
    patch: await control.diff(at.fork, at.head, patchBytes),
  }
}
