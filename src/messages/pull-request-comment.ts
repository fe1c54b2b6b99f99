/** The status comment of a pull request: where it stands, who is asked for what, what reviews count, the last reply. */

import { lifecycle } from '../domain/lifecycle.ts'
import type { ItemState } from '../lib/item-state.ts'
import { sanitiseMarkdown, singleLine } from '../lib/sanitise.ts'
import { type AgentReviewView, agentReviewSentence } from './agent-review.ts'
import { type CiView, ciSentence } from './ci.ts'
import { agentName, type NamedRun } from './crew.ts'
import { commitName } from './gates.ts'
import { lastReply } from './last-reply.ts'
import { mergeCommand } from './pull-requests.ts'
import { type AnsweredComment, roundAnswers } from './reviews.ts'

/** Everything that the status comment of a pull request can say. */
export interface PullRequestCommentView {
  state: ItemState
  reason: string
  issueNumber: number
  headSha: string
  pullState: 'open' | 'merged' | 'closed'
  /** Who asked for the merge of this head; null when it was not asked for. */
  mergeRequestedBy: string | null
  mergeWhen: 'command' | 'approved'
  approvalsNeeded: number
  gates: { verdict: string }[]
  protectedAllowed: boolean
  /** The last verdict of each reviewer, with the commit that it is about. */
  verdicts: { reviewer: string; state: 'approved' | 'changes_requested'; sha: string }[]
  ci: CiView | null
  /** The last review by an agent; undefined where there is none, or people do not review. */
  agentReview: AgentReviewView | undefined
  attempt: (NamedRun & { attempt: number; progress: string }) | undefined
  /** Why a ready item waits, as the scheduler explains it. */
  waits: string | null
  /** Why GitHub did not ask the reviewers of the settings; null when it did. */
  reviewersRefused: string | null
  /** What the agent answered in the last round of review. */
  answers: AnsweredComment[]
  reply: string | null
  /** What was replied before the last step. */
  oldReply: string | null
}

/** The status comment of a pull request, without its marker. */
export function pullRequestComment(view: PullRequestCommentView): string {
  const parts = [
    `### ${view.pullState === 'closed' ? 'Closed' : lifecycle[view.state].label}`,
    sentence(view),
    view.pullState === 'open' && ciSentence(view.ci),
    view.pullState === 'open' && verdictList(view),
    view.pullState === 'open' && agentReviewSentence(view.agentReview, view.headSha),
    view.reviewersRefused !== null &&
      view.pullState === 'open' &&
      `GitHub did not ask the reviewers that \`pullRequests.reviewers\` names: ${singleLine(view.reviewersRefused, 300)}`,
    roundAnswers(view.answers),
    lastReply(view),
    `<sub>Status of the work on #${view.issueNumber} · \`/status\` asks again · \`/help\` lists the commands</sub>`,
  ]
  return parts.filter(Boolean).join('\n\n')
}

function sentence(view: PullRequestCommentView): string {
  const { state, attempt } = view
  const why = sanitiseMarkdown(view.reason, 2_000)
  switch (state) {
    case 'reviewing':
    case 'approved':
      return [why, asked(view)].filter(Boolean).join(' ')
    case 'merging':
      return `${commitName(view.headSha)} is being merged${view.mergeRequestedBy ? `, as ${view.mergeRequestedBy} asked` : ''}. ${why}`.trim()
    case 'ready':
      return [why, view.waits ?? 'It goes to an agent as soon as one is free.', followed].filter(Boolean).join(' ')
    case 'running':
      return `**${attempt ? agentName(attempt) : 'An agent'}** works on it, attempt ${attempt?.attempt ?? 1}.${attempt?.progress ? ` ${singleLine(attempt.progress)}` : ''} ${followed}`
    case 'checking':
      return `The gates run on a new commit. ${followed}`
    case 'held':
      return `${why}\n\n\`/retry\` tries again, \`/unqueue\` gives it up.`
    case 'paused':
      return `${why} \`/resume\` goes on.`
    default:
      return why
  }
}

const followed = 'Then this pull request asks for a review again.'

/** Who is asked for what. */
function asked(view: PullRequestCommentView): string {
  if (view.pullState !== 'open') return ''
  const { approvalsNeeded: needed, headSha } = view
  const approval = `${needed === 1 ? 'an approval' : `${needed} approvals`} of ${commitName(headSha)} by ${needed === 1 ? 'a person' : 'people'} with write access`
  const wants = needed > 0 ? [approval] : []
  if (view.mergeRequestedBy)
    return `${view.mergeRequestedBy} asked to merge it; it needs ${needed > 0 ? `${approval} and ` : ''}green checks.`
  if (view.mergeWhen === 'command') wants.push(mergeCommand(view.gates, view.protectedAllowed))
  const ask = `**Asked for**: ${wants.join(', then ') || 'green checks'}.`
  return view.mergeWhen === 'approved' ? `${ask} It merges by itself once it is approved and green.` : ask
}

/** What every reviewer said last. A verdict about another commit than the head is named as what it is. */
function verdictList({ verdicts, headSha }: PullRequestCommentView): string {
  return verdicts
    .map(({ reviewer, state, sha }) => {
      const said = `- ${singleLine(reviewer, 40)} ${state === 'approved' ? 'approved' : 'asked for changes in'} ${commitName(sha)}`
      if (sha === headSha) return `${said}.`
      return state === 'approved'
        ? `${said}, an older commit: this approval no longer counts. Please review ${commitName(headSha)}.`
        : `${said}, and has not reviewed ${commitName(headSha)} yet.`
    })
    .join('\n')
}
