/** Goals that are said in a comment: `/build` and `/orchestrate build`. */

import { itemOfIssue } from '../../db/work-items.ts'
import { sanitiseMarkdown, singleLine } from '../../lib/sanitise.ts'
import { createGoalIssue } from '../../work-items/goal-issues.ts'
import type { CommandContext } from '../command.ts'

/** Longer first lines become the text, and their beginning the title. */
const titleLength = 100

/**
 * Has an issue made of a goal, and worked on.
 * @param how.explicit whether it is shown first how it would be worked on.
 * @returns what a person is told; the same goal again is the same issue.
 */
export async function makeIssueOf(
  { tx, repo, settings, issue, actor }: CommandContext,
  goal: string,
  how: { explicit: boolean },
): Promise<string> {
  const [first = ''] = goal.trim().split('\n')
  const title = first.length <= titleLength ? first : `${first.slice(0, titleLength - 1).trimEnd()}…`
  const body = [first === title ? goal.trim().slice(first.length).trim() : goal.trim()].filter(Boolean)
  const before = await createGoalIssue(tx, { repositoryId: repo.id, issueNumber: issue.number }, goal, {
    title: singleLine(title),
    body: [
      ...body.map((text) => sanitiseMarkdown(text, 20_000)),
      `Asked for by ${actor.login} in #${issue.number}.`,
    ].join('\n\n'),
    labels: [settings.label],
    wantedBy: { id: actor.id, login: actor.login },
    explicit: how.explicit,
  })
  const number = before?.result?.number
  if (typeof number === 'number') {
    const item = await itemOfIssue(tx.db, repo.id, number)
    return `That goal is #${number} already${item ? `, which is ${item.state}` : ''}.`
  }
  if (before) return 'An issue is being made of that goal already.'
  return how.explicit
    ? 'An issue is being made of it; there you see how it would be worked on, and say whether it is.'
    : 'An issue is being made of it and queued; it appears here as a reference in a moment.'
}
