/** An ordinary comment on an issue whose planning agent has asked: it is the answer, when its author may give one. */

import { appendAudit } from '../db/audit-log.ts'
import { claimKey, hasKey } from '../db/idempotency-keys.ts'
import { effectsOf, enqueueEffect } from '../db/outbox.ts'
import { answerQuestions, openRound, questionsKey } from '../db/plans.ts'
import { repositoryByGithubId } from '../db/repositories.ts'
import { itemOfIssue, lockItem } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { CommentCreated } from '../domain/events.ts'
import { mayWrite } from '../github/permissions.ts'
import * as messages from '../messages/webhooks.ts'
import { commentOnce } from '../work-items/queue-label.ts'
import type { Services } from '../work-items/services.ts'

/** Acts on a comment without a command. Most are talk among people, and cost nothing but a look. */
export async function answerFromComment(services: Services, event: CommentCreated): Promise<EventOutcome> {
  const { db } = services.store
  const { repository, sender, issue, commentId } = event
  const nothing = ignored('no command in it')
  const repo = issue.isPullRequest ? undefined : await repositoryByGithubId(db, repository.githubId)
  const item = repo && (await itemOfIssue(db, repo.id, issue.number))
  const round = item?.state === 'asking' ? await openRound(db, item.id) : undefined
  if (!repo || !item || !round) return nothing
  const key = `comment:${repository.githubId}:${commentId}`
  if (await hasKey(db, key)) return ignored('the comment was handled before')
  // Comments have growing ids: one from before the questions, told late, is no answer to them.
  const [question] = await effectsOf(db, [questionsKey(round.id)])
  const asked = question?.result?.commentId
  if (typeof asked === 'number' && commentId < asked) return ignored('it was said before the questions were asked')
  const allowed = await mayWrite(services, repo, sender)
  return services.store.transaction(async (tx) => {
    if (!(await claimKey(tx, key))) return ignored('the comment was handled before')
    if (!allowed) {
      await commentOnce(tx, repo, issue.number, messages.answerRefused(sender.login), `refused-answer:${round.id}`)
      return ignored(`an answer by ${sender.login}, whose word does not count`)
    }
    const current = await lockItem(tx, item.id)
    if (!current || !(await answerQuestions(tx, current, sender, event.body))) return ignored('it was answered before')
    await appendAudit(tx, {
      repositoryId: repo.id,
      workItemId: item.id,
      actor: sender.login,
      what: 'answered',
      detail: { actorId: sender.id, round: round.round },
    })
    const target = { repositoryId: repo.id, key: `reaction:${repo.id}:${commentId}` }
    await enqueueEffect(tx, target, { kind: 'reaction', payload: { commentId, content: '+1' } })
    return done('the questions were answered')
  })
}
