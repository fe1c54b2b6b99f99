/**
 * One round of proposals: an agent reads a worktree of the base branch, and what the repository gives a reason for. Only what
 * it hands in by its tool counts, and a person adopts it or not.
 */

import { updateRun } from '../db/runs.ts'
import type { Proposal } from '../domain/proposals.ts'
import * as messages from '../messages/proposals.ts'
import { runAgentSession } from './agent-session.ts'
import type { Attempt } from './context.ts'
import { openCrewSession } from './crew-session.ts'
import { proposalTool } from './mcp/proposal-tool.ts'
import { type AttemptEnd, failureOf, isCostStop, stopped } from './outcomes.ts'
import type { ReadingRun } from './planning-run.ts'
import { contextNonce } from './prompt.ts'
import { readProposalFacts } from './proposal-facts.ts'
import { proposalPrompt } from './proposal-prompt.ts'
import { openReadingTree } from './reading-tree.ts'

/** Runs the agent of this attempt to propose work. */
export async function runProposals(
  attempt: Attempt,
  { control, settings, base, kind }: ReadingRun,
): Promise<AttemptEnd> {
  const { context, run, lease, item, repo } = attempt
  const { store } = context
  if (kind.protocol !== 'acp')
    return { outcome: 'agent cannot propose', summary: messages.agentCannotPropose(run.agent) }
  const most = settings.proposals.max
  let handedIn: Proposal[] | undefined
  let problem = ''
  const tool = proposalTool({
    most,
    save: async (proposals) => {
      await updateRun(store.db, lease, { submission: { proposals } })
      handedIn = proposals
    },
    onRefused: (text) => {
      problem = text
    },
  })
  const tree = await openReadingTree(attempt, control, base)
  try {
    const crew = await openCrewSession(attempt, { settings, protocol: kind.protocol, head: async () => base })
    const facts = await readProposalFacts(store.db, { repo, item, settings, control, at: base })
    const task = { repository: repo.fullName, item, attempt: run.attempt, most, facts, crew: crew.prompt }
    const outcome = await runAgentSession(attempt, {
      ...{ kind, control, settings, cwd: tree.path, crew, tools: [tool] },
      prompt: proposalPrompt(task, contextNonce()),
    })
    const { reason } = attempt.signal
    // Proposals count, however the agent ended afterwards, unless a person or the end of Tutti has stopped it.
    if (outcome.kind === 'stopped' && !(handedIn && isCostStop(reason))) return stopped(reason)
    if (outcome.kind === 'finished') await crew.end()
    if (handedIn) return { outcome: 'proposed', summary: messages.proposalsHandedIn(handedIn.length) }
    const summary = messages.noProposals(problem)
    return failureOf(outcome) ?? { outcome: 'no proposals', summary, signature: 'no proposals' }
  } finally {
    await tree.remove()
  }
}
