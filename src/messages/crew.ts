/** What people read about the crew: who an agent is, why it was given the work, what it asks. */

import { sanitiseMarkdown } from '../lib/sanitise.ts'

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

/** For the agent that goes on after a person has answered. */
export const goOnWithAnswers =
  'You have asked questions, and people have answered; see above. What you had changed is in the tree: go on from there.'
/** Why an item waits whose agent has asked while it built. */
export function builderAsks(name: string, count: number): string {
  return `${name} asks ${count === 1 ? 'a question' : `${count} questions`} in a comment; the work is kept, and goes on with the answer.`
}

/** The comment with the questions of an agent that builds. @param last no other round may follow. */
export function builderQuestions(name: string, asked: readonly string[], last: boolean): string {
  const list = asked.map((question, at) => `${at + 1}. ${sanitiseMarkdown(question, 1_000)}`).join('\n')
  const more = last ? ' It is the last time that it asks.' : ''
  return `### ${name} asks\n\n${list}\n\nAnswer in a comment, or with \`/answer\`: the work goes on from where it is.${more}`
}

const mostIssues = 5

/** Why a member makes a run, as a sentence. @param issues those of the same part of the repository that it has finished. */
export function chosenBecause(
  name: string,
  because: 'asked' | 'goes on' | 'experience' | 'free' | 'joined',
  issues: readonly number[],
): string {
  switch (because) {
    case 'asked':
      return `${name} takes it: a person has asked for it with \`/reassign\`.`
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
