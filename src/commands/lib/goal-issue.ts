/** Issues for goals in comments: `/build` and `/orchestrate build`. */

import { itemOfIssue } from '../../db/work-items.ts'
import { sanitiseMarkdown, singleLine } from '../../lib/sanitise.ts'
import * as messages from '../../messages/commands/plans.ts'
import { createGoalIssue } from '../../work-items/goal-issues.ts'
import type { CommandContext } from '../command.ts'

/** A longer first line goes into the text; its beginning is the title. */
const titleLength = 100

/**
 * Requests an issue for a goal; it is queued when it exists. The same goal again is the same issue.
 * @param how.explicit whether the person first sees how it would be worked on. @param how.labels besides the one that queues.
 * @returns the reply.
 */
export async function createIssueForGoal(
  { tx, repo, settings, issue, actor }: CommandContext,
  goal: string,
  how: { explicit: boolean; labels?: readonly string[] },
): Promise<string> {
  const [first = ''] = goal.trim().split('\n')
  const title = first.length <= titleLength ? first : `${first.slice(0, titleLength - 1).trimEnd()}…`
  const body = [first === title ? goal.trim().slice(first.length).trim() : goal.trim()].filter(Boolean)
  const before = await createGoalIssue(tx, { repositoryId: repo.id, issueNumber: issue?.number }, goal, {
    title: singleLine(title),
    body: [...body.map((text) => sanitiseMarkdown(text, 20_000)), messages.goalOrigin(actor.login, issue?.number)].join(
      '\n\n',
    ),
    labels: [settings.label, ...(how.labels ?? [])],
    wantedBy: { id: actor.id, login: actor.login },
    explicit: how.explicit,
  })
  const number = before?.result?.number
  if (typeof number === 'number') {
    const item = await itemOfIssue(tx.db, repo.id, number)
    return messages.goalIssueExists(number, item?.state)
  }
  return before ? messages.goalIssueUnderWay : messages.goalIssueRequested(how.explicit)
}
