/** An ordinary comment on an issue with open questions is the answer, when its author has write access. */

import { appendAudit } from '../db/audit-log.ts'
import { claimKey, hasKey } from '../db/idempotency-keys.ts'
import { effectsOf, enqueueEffect } from '../db/outbox.ts'
import { answerQuestions, openRound, questionsKey } from '../db/plans.ts'
import { repositoryByGithubId } from '../db/repositories.ts'
import { itemOfIssue, lockItem } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { CommentCreated } from '../domain/events.ts'
import { mayWrite } from '../github/permissions.ts'
import { answerRefused } from '../messages/refusals.ts'
import { commentOnce } from '../work-items/queue-label.ts'
import type { Services } from '../work-items/services.ts'

/** Acts on a comment without a command. Most are a conversation among people, and cost one query. */
export async function answerFromComment(services: Services, event: CommentCreated): Promise<EventOutcome> {
  const { db } = services.store
  const { repository, sender, issue, commentId } = event
  const noAnswer = ignored('no command in it')
  const repo = issue.isPullRequest ? undefined : await repositoryByGithubId(db, repository.githubId)
  const item = repo && (await itemOfIssue(db, repo.id, issue.number))
  const round = item?.state === 'asking' ? await openRound(db, item.id) : undefined
  if (!repo || !item || !round) return noAnswer
  const key = `comment:${repository.githubId}:${commentId}`
  if (await hasKey(db, key)) return ignored('the comment was handled before')
  // Ids of comments grow: one with a smaller id was written before the questions, and its event came late.
  const [question] = await effectsOf(db, [questionsKey(round.id)])
  const asked = question?.result?.commentId
  if (typeof asked === 'number' && commentId < asked) return ignored('it was said before the questions were asked')
  const allowed = await mayWrite(services, repo, sender)
  return services.store.transaction(async (tx) => {
    if (!(await claimKey(tx, key))) return ignored('the comment was handled before')
    if (!allowed) {
      await commentOnce(tx, repo, {
        issueNumber: issue.number,
        body: answerRefused(sender.login),
        key: `refused-answer:${round.id}`,
      })
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
    await enqueueEffect(tx, target, { kind: 'reaction', payload: { commentId, content: '+1' } }, { asked: true })
    return done('the questions were answered')
  })
}
