/** The set-up step before an agent works in its tree. */

import type { Settings } from '../../config/settings.ts'
import { signatureOf } from '../../gates/lib/signature.ts'
import type { BareClone } from '../../git/bare-clone.ts'
import { headRef } from '../../git/history.ts'
import type { ReadyWorktree } from '../../git/worktrees.ts'
import type { Sha } from '../../lib/ids.ts'
import { lastCharacters } from '../../lib/sanitise-text.ts'
import * as messages from '../../messages/runs.ts'
import type { Attempt } from '../context.ts'
import type { StopReason } from '../heartbeat.ts'
import { type AttemptEnd, stopped } from '../outcomes.ts'
import { setUpTree } from './set-up.ts'

interface AgentTree {
  control: BareClone
  settings: Settings
  base: Sha
  worktree: ReadyWorktree
}

/**
 * Sets up the tree of an attempt.
 * @returns how the attempt ends when it cannot go on; or a note for the agent, whose branch has broken the step.
 */
export async function setUpForAgent(
  { context, repo, run, heartbeat, signal }: Attempt,
  { control, settings, base, worktree }: AgentTree,
): Promise<{ ended?: AttemptEnd; note?: string }> {
  if (settings.setup?.run === undefined) return {}
  heartbeat.progress = messages.settingUp
  const outcome = await setUpTree(context, {
    ...{ repo, settings, control, base, signal, path: worktree.path },
    commit: (await control.resolve(headRef(worktree.branch))) ?? base,
    runId: `set-up-${run.id}`,
    reused: worktree.outcome === 'reused',
  })
  heartbeat.progress = ''
  if (signal.aborted) return { ended: stopped(signal.reason as StopReason) }
  if (outcome.kind !== 'failed') return {}
  if (outcome.ownChange) return { note: messages.setUpFailedHere(outcome.how, lastCharacters(outcome.log, 4_000)) }
  const summary = messages.withLog(messages.setUpFailed(outcome.how), outcome.log)
  const signature = `set-up: ${signatureOf('failed', outcome.log)}`
  return { ended: { outcome: 'set-up failed', summary, signature } }
}
