/** Issues for goals in comments: `/build` and `/orchestrate build`. */

import { itemOfIssue, unfinishedItemsOf } from '../../db/work-items.ts'
import { goalIsAlike, matchGoal } from '../../domain/goal-match.ts'
import { effortHours } from '../../lib/effort-hours.ts'
import { sanitiseMarkdown, singleLine } from '../../lib/sanitise.ts'
import { firstCharacters } from '../../lib/sanitise-text.ts'
import * as messages from '../../messages/commands/plans.ts'
import { createGoalIssue } from '../../work-items/goal-issues.ts'
import type { CommandContext } from '../command.ts'

/** A longer first line goes into the text; its beginning is the title. */
const titleLength = 100

/**
 * Requests an issue for a goal; it is queued when it exists. The same goal again is the same issue.
 * @param how.explicit whether the person first sees how it would be worked on. @param how.fresh an issue is
 * made even where others are alike. @param how.labels besides the one that queues.
 * @returns the reply.
 */
export async function createIssueForGoal(
  { tx, repo, settings, issue, actor }: Pick<CommandContext, 'tx' | 'repo' | 'settings' | 'issue' | 'actor'>,
  goal: string,
  how: { explicit: boolean; fresh?: boolean; labels?: readonly string[] },
): Promise<string> {
  const [first = ''] = goal.trim().split('\n')
  const offered = how.fresh ? undefined : await offer({ tx, repo, settings }, first, goal)
  if (offered !== undefined) return offered
  const title = first.length <= titleLength ? first : `${firstCharacters(first, titleLength - 1).trimEnd()}…`
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

/** What is offered instead of a new issue: work that is here already and means the same; undefined when nothing does. */
async function offer(
  { tx, repo, settings }: Pick<CommandContext, 'tx' | 'repo' | 'settings'>,
  title: string,
  goal: string,
): Promise<string | undefined> {
  const open = (await unfinishedItemsOf(tx.db, repo.id)).filter(({ kind }) => kind === 'task')
  const matches = matchGoal(title, open).filter(({ score }) => score >= goalIsAlike)
  const [best] = matches
  if (!best) return undefined
  const said = (text: string) => text.trim().toLowerCase()
  if (said(best.item.title) === said(title)) return messages.goalIssueExists(best.item.issueNumber, best.item.state)
  const alike = matches.map(({ item: { issueNumber, title, state, plannedHours, effort } }) => {
    const hours = plannedHours ?? (effort === null ? null : effortHours[effort])
    return { issue: issueNumber, title, state, hours }
  })
  return messages.goalIsHereAlready(goal, alike, settings.prefix)
}
