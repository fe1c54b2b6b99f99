/** What people read about the crew: who an agent is, and why it was given the work. */

/** Who makes a run: the kind of agent, and the name that it has in the crew. */
export interface NamedRun {
  agent: string
  memberName?: string | null
}

/** An agent as people read it: its name and its kind. A run of before there was a crew has no name. */
export function agentName({ memberName, agent }: NamedRun): string {
  return memberName ? `${memberName} (${agent})` : agent
}

/** @param who as `agentName`. */
export const startedBy = (attempt: number, who: string) => `Attempt ${attempt} by ${who}.`

const mostIssues = 5

/** Why a member makes a run, as a sentence. @param issues those of the same part of the repository that it has finished. */
export function chosenBecause(
  name: string,
  because: 'goes on' | 'experience' | 'free' | 'joined',
  issues: readonly number[],
): string {
  switch (because) {
    case 'goes on':
      return `${name} goes on with it: it made the last attempt.`
    case 'experience':
      return `${name} takes it: it has finished related work here (${listed(issues)}).`
    case 'free':
      return `${name} takes it: it is free, and no member of the crew has finished related work.`
    case 'joined':
      return `${name} has joined the crew for it: no other member of this role and kind was free.`
  }
}

function listed(issues: readonly number[]): string {
  const shown = issues.slice(-mostIssues).map((issue) => `#${issue}`)
  const more = issues.length - shown.length
  return `${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}
