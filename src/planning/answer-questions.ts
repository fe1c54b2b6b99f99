/** An ordinary comment on an issue whose planning agent has asked: it is the answer, when its author may give one. */

import { record } from '../db/audit-log.ts'
import { firstTime, wasHandled } from '../db/idempotency-keys.ts'
import { effectsOf, want } from '../db/outbox.ts'
import { answerQuestions, openRound, questionsKey } from '../db/plans.ts'
import { itemOfIssue, lockItem, systemOfRepository } from '../db/work-items.ts'
import { done, type EventOutcome, ignored } from '../domain/event-outcome.ts'
import type { Commented } from '../domain/events.ts'
import { mayWrite } from '../github/permissions.ts'
import * as say from '../messages/webhooks.ts'
import { sayOnce } from '../work-items/queue-label.ts'
import type { Services } from '../work-items/services.ts'

/** Acts on a comment without a command. Most are talk among people, and cost nothing but a look. */
export async function answered(parts: Services, fact: Commented): Promise<EventOutcome> {
  const { db } = parts.store
  const { repository, sender, issue, commentId } = fact
  const nothing = ignored('no command in it')
  const system = issue.isPullRequest ? undefined : await systemOfRepository(db, repository.repositoryId)
  const item = system && (await itemOfIssue(db, system.id, issue.number))
  const round = item?.state === 'asking' ? await openRound(db, item.id) : undefined
  if (!system || !item || !round) return nothing
  const key = `comment:${repository.repositoryId}:${commentId}`
  if (await wasHandled(db, key)) return ignored('the comment was handled before')
  // Comments have growing ids: one from before the questions, told late, is no answer to them.
  const [question] = await effectsOf(db, [questionsKey(round.id)])
  const asked = question?.result?.commentId
  if (typeof asked === 'number' && commentId < asked) return ignored('it was said before the questions were asked')
  const allowed = await mayWrite(parts, system, sender)
  return parts.store.transaction(async (tx) => {
    if (!(await firstTime(tx, key))) return ignored('the comment was handled before')
    if (!allowed) {
      await sayOnce(tx, system, issue.number, say.answerRefused(sender.login), `refused-answer:${round.id}`)
      return ignored(`an answer by ${sender.login}, whose word does not count`)
    }
    const current = await lockItem(tx, item.id)
    if (!current || !(await answerQuestions(tx, current, sender, fact.body))) return ignored('it was answered before')
    await record(tx, {
      systemId: system.id,
      workItemId: item.id,
      actor: sender.login,
      what: 'answered',
      detail: { actorId: sender.id, round: round.round },
    })
    const target = { systemId: system.id, key: `reaction:${system.id}:${commentId}` }
    await want(tx, target, { kind: 'reaction', payload: { commentId, content: '+1' } })
    return done('the questions were answered')
  })
}
