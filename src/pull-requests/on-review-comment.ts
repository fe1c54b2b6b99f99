/** A person commented on a pull request of ours, on a line or below it. */

import { pullByNumber } from '../db/pull-requests.ts'
import { repositoryByGithubId } from '../db/repositories.ts'
import { addReviewComment, hasReviewComment, isThreadOfAgent } from '../db/review-comments.ts'
import { lockItem } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { CommentCreated } from '../domain/events.ts'
import { isPerson } from '../domain/permissions.ts'
import { addressesApp } from '../domain/review-answers.ts'
import { mayWrite } from '../github/permissions.ts'
import { addressedIn } from '../messages/reviews.ts'
import type { Services } from '../work-items/services.ts'
import { sendBack } from './send-back.ts'

/**
 * Stores a comment for the next round. One that mentions the app, or answers in a thread that an agent has read, starts
 * that round; everything else waits until someone asks for changes, and costs no call.
 */
export async function onReviewComment(services: Services, event: CommentCreated): Promise<EventOutcome> {
  const { db } = services.store
  const { sender, body, commentId: githubId, on } = event
  const kind = event.place === 'line' ? 'line' : 'comment'
  if (!isPerson(sender) || services.github.isSelf(sender)) return ignored('only people review')
  const repo = await repositoryByGithubId(db, event.repository.githubId)
  const pull = repo && (await pullByNumber(db, repo.id, event.issue.number))
  if (!repo || !pull || pull.state !== 'open' || body.trim() === '') return ignored('no command in it')
  if (await hasReviewComment(db, pull.id, kind, githubId)) return ignored('the comment is known')
  const inThread = on !== undefined && on.threadId !== githubId && (await isThreadOfAgent(db, pull.id, on.threadId))
  const calls = inThread || addressesApp(body, services.github.app.slug)
  const may = calls ? await mayWrite(services, repo, sender) : null
  if (may === false) return ignored(`${sender.login} may not write here: no agent reads it`)
  return services.store.transaction(async (tx) => {
    const item = await lockItem(tx, pull.workItemId)
    if (!item) return ignored('its item is gone')
    const author = { author: sender.login, authorId: sender.id, mayWrite: may }
    await addReviewComment(tx, { pullRequestId: pull.id, kind, githubId, ...author, calls, body, ...on })
    if (!calls) return ignored('kept for the next round')
    const why = addressedIn(pull.number, sender.login)
    const now = await sendBack(tx, pull, item, { actor: sender.login, why })
    return done(now ? 'the item goes to an agent again' : `the next attempt reads it (the item is ${item.state})`)
  })
}
