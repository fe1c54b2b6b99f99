/** What people and agents read about the review of a commit by an agent. */

import type { AgentReview, ReviewFinding } from '../domain/agent-review.ts'
import { counted } from '../lib/counted.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'
import { agentName, type NamedRun } from './crew.ts'
import { commitName } from './gates.ts'

/** How a review ended without one. */
export const agentCannotReview = (agent: string) =>
  `The agent \`${agent}\` gets a prompt and changes files; it has no way to hand in a review. Choose another \`roles.reviewer.agent\``
export const noReview = (problem: string) =>
  problem ? 'The agent handed in nothing that can be used' : 'The agent ended without a review'

/** Why no other agent may start a review now; it is tried again. */
export const reviewWaits = 'the review by an agent waits until another agent may start'
/** Why a review by an agent is stopped. */
export const reviewIsOver = 'The pull request is no longer in review.'

const grades: readonly [ReviewFinding['severity'], string][] = [
  ['must', 'Must change'],
  ['should', 'Should change'],
  ['note', 'Notes'],
]

/**
 * The review on the pull request: its text, and comments on the lines that the pull request shows. `whole` is the text with
 * all findings in it. @param sentBack whether an agent mends already what must change.
 */
export function agentReviewBody(
  run: NamedRun & { headSha: string | null },
  review: AgentReview,
  sentBack: boolean,
): { body: string; whole: string; comments: { path: string; line: number; body: string }[] } {
  const comments = review.findings.flatMap(({ path, line, severity, text, inDiff }) => {
    const title = grades.find(([grade]) => grade === severity)?.[1]
    return inDiff && line !== undefined ? [{ path, line, body: `**${title}**: ${sanitiseMarkdown(text, 2_000)}` }] : []
  })
  const others = review.findings.filter(({ inDiff }) => !inDiff)
  const atLines = comments.length > 0 ? findingsAtLines(comments.length, others.length) : ''
  return {
    body: reviewText(run, review, { findings: others, atLines, sentBack }),
    whole: reviewText(run, review, { findings: review.findings, atLines: '', sentBack }),
    comments,
  }
}

function findingsAtLines(count: number, others: number): string {
  const what = count === 1 ? 'One finding stands at its line.' : `${count} findings stand at their lines.`
  return others > 0 ? `${what} Besides:` : what
}

function reviewText(
  run: NamedRun & { headSha: string | null },
  review: AgentReview,
  { findings, atLines, sentBack }: { findings: AgentReview['findings']; atLines: string; sentBack: boolean },
): string {
  const lists = grades.map(([grade, title]) => {
    const found = findings.filter(({ severity }) => severity === grade)
    return found.length > 0 && `**${title}**\n\n${found.map(findingItem).join('\n')}`
  })
  const next = sentBack
    ? 'What must change goes back to the agent that built it.'
    : 'To have the agent that built it act on this, request changes, or mention the app in a comment.'
  return [
    `### Review by an agent: ${agentName(run)}`,
    sanitiseMarkdown(review.summary, 4_000),
    atLines,
    ...lists,
    review.findings.length === 0 && 'It has found nothing that should change.',
    `<sub>About ${commitName(run.headSha)}. An agent wrote this: it approves nothing, and a person still has to review. ${next}</sub>`,
  ]
    .filter(Boolean)
    .join('\n\n')
}

function findingItem(finding: ReviewFinding, at: number): string {
  const text = sanitiseMarkdown(finding.text, 2_000).replace(/\n(?=.)/g, '\n   ')
  return `${at + 1}. ${placeOf(finding)}: ${text}`
}

function placeOf({ path, line }: Pick<ReviewFinding, 'path' | 'line'>): string {
  const name = path.replace(/[`\s]+/g, ' ').trim()
  return `\`${name}${line === undefined ? '' : `:${line}`}\``
}

/** A review by an agent, as its run says it. */
export interface AgentReviewView extends NamedRun {
  stage: 'waiting' | 'agent' | 'gates' | 'ended'
  outcome: string | null
  summary: string
  headSha: string | null
  /** What it has handed in; undefined where it has handed in nothing. */
  review: AgentReview | undefined
  /** Whether what must change has gone back to an agent. */
  sentBack: boolean
}

/** One sentence about the last review by an agent, for the status comments; '' where there is nothing to say. */
export function agentReviewSentence(view: AgentReviewView | undefined, headSha: string | null): string {
  if (!view) return ''
  const commit = `${commitName(view.headSha)}${view.headSha === headSha ? '' : ', an earlier commit'}`
  if (view.stage !== 'ended') return `**${agentName(view)}**, an agent, reviews ${commit}. Nothing waits for it.`
  if (view.outcome === 'reviewed')
    return `**${agentName(view)}**, an agent, has reviewed ${commit}: ${countsOf(view)}. This is no approval.`
  if (view.outcome === 'stopped' || view.headSha !== headSha) return ''
  const why = singleLine(view.summary, 300).replace(/\.$/, '')
  return `No agent has reviewed ${commit}: the review ended with **${view.outcome}**${why ? ` (${why})` : ''}. The pull request goes on without it.`
}

function countsOf({ review, sentBack }: AgentReviewView): string {
  const findings = review?.findings ?? []
  if (findings.length === 0) return 'it has found nothing that should change'
  const musts = findings.filter(({ severity }) => severity === 'must').length
  const rest = findings.length - musts
  const others = rest > 0 ? `${counted(rest, 'finding')}${musts > 0 ? ' more' : ''}` : ''
  const must = musts > 0 ? `${counted(musts, 'thing')} that must change` : ''
  const back = sentBack ? ', which goes back to the agent that built it' : ''
  return [must && `${must}${back}`, others].filter(Boolean).join(', and ')
}

/** Why an item goes back to the agent that built it. */
export const agentReviewAsks = (run: NamedRun, count: number, pullNumber: number) =>
  `${agentName(run)}, an agent, has reviewed #${pullNumber} and found ${counted(count, 'thing')} that must change.`

/** The reason of an item that people go on to review: the round of an agent's review has come to nothing. */
export const mendedNothing = (run: NamedRun & { summary: string }, pullNumber: number) =>
  `The review of #${pullNumber} by an agent has changed nothing: ${agentName(run)} left the commit as it was. ${singleLine(run.summary, 300)}`.trim()

/** The findings for the agent that built it. */
export function agentReviewLesson(sha: string, musts: readonly ReviewFinding[]): string {
  const list = musts.map(({ path, line, text }, at) => `${at + 1}. ${placeOf({ path, line })}: ${text}`).join('\n')
  return `Another agent has reviewed the commit ${sha.slice(0, 7)}, before people do. It says that this must change. Mend what is right of it. Where it is wrong, leave the code as it is, and say why in your summary.\n\n${list}`
}
