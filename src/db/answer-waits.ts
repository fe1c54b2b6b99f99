/** Agents that wait for an answer: messages whose sender does nothing else until it comes. */

import { and, asc, eq, gt, inArray, isNull, or } from 'drizzle-orm'
import type { AnswerWait } from '../domain/wait-graph.ts'
import { currentTime } from '../lib/clock.ts'
import type { Database, Tx } from './connect.ts'
import type { Message } from './messages.ts'
import { crewMembers, messageDeliveries, messages } from './schema/crew.ts'
import { runs } from './schema/runs.ts'

/** A wait, and where it is. */
export interface OpenWait extends AnswerWait {
  askerName: string
  askedName: string
  /** The item of the asker. */
  workItemId: number
}

/** The sender of a message waits for the answer, in this run. */
export async function startWait(tx: Tx, messageId: number, runId: number): Promise<void> {
  await tx.db.update(messages).set({ awaitedBy: runId }).where(eq(messages.id, messageId))
}

/** It waits no longer. */
export async function endWait(tx: Tx, messageId: number): Promise<void> {
  await tx.db.update(messages).set({ awaitEndedAt: currentTime() }).where(eq(messages.id, messageId))
}

/** The waits of a repository, oldest first. A run that has ended, in any way, waits no longer. */
export async function openWaits(db: Database, repositoryId: number): Promise<OpenWait[]> {
  const rows = await db
    .select({
      messageId: messages.id,
      askerId: messages.fromMemberId,
      askedId: messageDeliveries.memberId,
      askerName: messages.fromName,
      askedName: crewMembers.name,
      workItemId: runs.workItemId,
    })
    .from(messages)
    .innerJoin(runs, eq(runs.id, messages.awaitedBy))
    .innerJoin(messageDeliveries, eq(messageDeliveries.messageId, messages.id))
    .innerJoin(crewMembers, eq(crewMembers.id, messageDeliveries.memberId))
    .where(and(eq(messages.repositoryId, repositoryId), isNull(messages.awaitEndedAt), eq(runs.stage, 'agent')))
    .orderBy(asc(messages.id))
  return rows.flatMap(({ askerId, askedId, ...row }) =>
    askerId === null || askedId === null ? [] : [{ ...row, askerId, askedId }],
  )
}

/** The answer to a message: a reply to it by anybody, or whatever the one asked has written to the asker since. */
export async function answerTo(
  db: Database,
  { messageId, askerId, askedId }: AnswerWait,
): Promise<Message | undefined> {
  const toAsker = db
    .select({ id: messageDeliveries.messageId })
    .from(messageDeliveries)
    .where(eq(messageDeliveries.memberId, askerId))
  const [row] = await db
    .select()
    .from(messages)
    .where(
      and(
        gt(messages.id, messageId),
        inArray(messages.id, toAsker),
        or(
          eq(messages.replyTo, messageId),
          // A question of its own is no answer.
          and(eq(messages.fromMemberId, askedId), isNull(messages.awaitedBy)),
        ),
      ),
    )
    .orderBy(asc(messages.id))
    .limit(1)
  return row
}

/** A member has read a message, whether it was handed out to it or not. */
export async function markRead(tx: Tx, memberId: number, messageId: number): Promise<void> {
  await tx.db
    .update(messageDeliveries)
    .set({ state: 'acknowledged', updatedAt: currentTime() })
    .where(and(eq(messageDeliveries.memberId, memberId), eq(messageDeliveries.messageId, messageId)))
}
