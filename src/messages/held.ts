/** What people read on an issue that is held: the end of what failed, where the work is, and what they can do. */

import { codeBlock, singleLine } from '../lib/sanitise.ts'
import { endOf } from './check-run.ts'
import type { GateView } from './gates.ts'

/** Of the log of a failed gate, in characters: enough to see what failed. */
const shownLog = 3_000

/** Where the last commit of a held item is, and what its last agent said. */
export interface HeldWork {
  /** The end of what the agent printed, where it was the agent that failed; '' otherwise. */
  agentLog: string
  branch: string
  /** The commit, where an attempt made one. */
  headSha: string | null
  /** Whether it is on the server. */
  pushed: boolean
  /** The open pull request of the branch; null where there is none. */
  draft: { number: number } | null
  /** Its failure has stopped the repository: leaving it out is no choice then. */
  critical: boolean
}

/** The end of the log of each gate that failed. */
export function failedLogs(gates: readonly GateView[]): string {
  return gates
    .filter((gate) => gate.verdict === 'fail' && gate.log)
    .map(
      (gate) =>
        `The end of the log of ${singleLine(gate.gate)}:\n\n${codeBlock(endOf(gate.log, shownLog), shownLog + 100)}`,
    )
    .join('\n\n')
}

/** The end of what an agent printed that failed. */
export function agentOutput({ agentLog: log }: Pick<HeldWork, 'agentLog'>): string {
  return log ? `The end of what the agent printed:\n\n${codeBlock(endOf(log, shownLog), shownLog + 100)}` : ''
}

/** Where the work is, and the commands that go on from here. */
export function heldChoices({ branch, headSha, pushed, draft, critical }: Omit<HeldWork, 'agentLog'>): string {
  const commit = headSha && `\`${headSha.slice(0, 7)}\``
  const place = draft ? ` on pull request #${draft.number}` : ` on branch \`${branch}\``
  const takeOver = `- take it over: \`git fetch && git switch ${branch}\`, push your commits, and the gates judge them`
  return [
    commit && pushed ? `The last commit, ${commit}, is${place}. What you can do:` : 'What you can do:',
    [
      '- `/retry` tries again; text after it says what to do differently',
      '- `/replan` has it planned again, with what has failed; text after it says what the plan must heed',
      '- `/plan` has an agent plan it first, with the text of the issue as it is now',
      '- `/agents log` shows the end of what the last agent printed',
      ...(pushed && draft ? [takeOver] : []),
      ...(critical ? [] : ['- `/skip` leaves it out: what waits for it goes on']),
      '- `/unqueue` gives it up',
      ...(critical ? ['- `/resume all` lets the other agents of this repository go on'] : []),
    ].join('\n'),
  ].join('\n\n')
}

/** The body of a pull request that shows the work of a held item. */
export function heldDraft(body: string): string {
  return `> [!WARNING]\n> Gates failed on this, and no agent works on it any more. It is here so that a person can take it over: what you push is judged, and once the gates pass it is ready for review.\n\n${body}`
}
