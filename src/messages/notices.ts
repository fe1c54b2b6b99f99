/** What people are called with: in Slack, Teams and mail as plain text, on GitHub as a comment. */

import type { NoticeReason } from '../domain/notices.ts'
import { singleLine } from '../lib/sanitise.ts'
import { truncate } from '../lib/sanitise-text.ts'

/** What a notice is made of. */
export interface NoticeFacts {
  reason: NoticeReason
  repository: string
  issueNumber: number
  title: string
  /** The reason of the state, as the status comment says it: markdown. */
  why: string
  pullNumber: number | undefined
  /** 0 for the first call. */
  reminder: number
}

/** Subject and text of a notice, plain. */
export function noticeText(facts: NoticeFacts): { subject: string; text: string } {
  const { reminder, repository, issueNumber, title, why } = facts
  const again = reminder > 0 ? `Reminder ${reminder}: ` : ''
  const subject = `${again}${repository}#${issueNumber} ${askOf(facts)}`
  return { subject, text: [truncate(title, 200), why && truncate(plain(why), 1_000)].filter(Boolean).join('\n\n') }
}

function askOf({ reason, pullNumber }: NoticeFacts): string {
  switch (reason) {
    case 'held':
      return 'is held and needs a person'
    case 'question':
      return 'waits for an answer'
    case 'plan':
      return 'has a plan that waits for approval'
    case 'review':
      return pullNumber === undefined ? 'waits for a review' : `waits for a review of pull request #${pullNumber}`
  }
}

/** Markdown without its marks, as far as a mail needs it. */
function plain(markdown: string): string {
  return markdown
    .replace(/<!--[\s\S]*?-->/g, '')
    .replace(/[*`]/g, '')
    .trim()
}

/** The comment that mentions people. @param who logins and teams of the settings. */
export const mentionComment = (who: readonly string[], subject: string) =>
  `${who.map((login) => `@${login}`).join(' ')}: ${singleLine(subject, 300)}.`
