/** One agent asks another and waits for the answer: the question, the answer, and agents that wait for each other. */

import { answerTo, endWait, markRead, type OpenWait, openWaits, startWait } from '../db/answer-waits.ts'
import { appendAudit } from '../db/audit-log.ts'
import type { Tx } from '../db/connect.ts'
import { type CrewMember, experienceOf, getMember, memberNamed } from '../db/crew-members.ts'
import { addMessage, type Message } from '../db/messages.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow } from '../db/work-items.ts'
import { type AnswerWait, cycleOfWaits, isBrokenBy } from '../domain/wait-graph.ts'
import * as texts from '../messages/crew-messages.ts'
import { orchestratorOf } from './assign.ts'
import { itemChannel, sendMessage } from './route.ts'

/** A question that was put to another agent. */
export type Asked = { wait: AnswerWait; name: string } | { refused: string }

/** Puts a question to a member that is at work, whose sender waits for the answer from now on. */
export async function askMember(
  tx: Tx,
  question: { item: ItemRow; runId: number; from: CrewMember; to: string; text: string; redact(text: string): string },
): Promise<Asked> {
  const { item, runId, from, to, text, redact } = question
  const { repositoryId } = item
  const asked = await memberNamed(tx.db, repositoryId, to)
  // The people of the issue are asked with another tool, which ends the turn.
  if (!asked) return { refused: texts.askOneAgent(to) }
  const [known] = await experienceOf(tx.db, [asked])
  if (asked.id !== from.id && !known?.busy) return { refused: texts.notAtWork(asked.name) }
  if ((await openWaits(tx.db, repositoryId)).some(({ askerId }) => askerId === from.id))
    return { refused: texts.oneQuestionAtATime }
  const sent = await sendMessage(tx, { repositoryId, item, from: { member: from }, to, text, redact })
  if ('refused' in sent) return sent
  await startWait(tx, sent.message.id, runId)
  return { wait: { messageId: sent.message.id, askerId: from.id, askedId: asked.id }, name: asked.name }
}

/** How a wait stands. `deadlock`: those that wait for each other, from this one on; this one is to go on without an answer. */
export type WaitState =
  | { kind: 'answered'; answer: Message }
  | { kind: 'away' }
  | { kind: 'deadlock'; cycle: OpenWait[] }
  | { kind: 'waiting' }

/** How a wait stands now. Nothing is changed. */
export async function stateOfWait(tx: Tx, repositoryId: number, wait: AnswerWait): Promise<WaitState> {
  const answer = await answerTo(tx.db, wait)
  if (answer) return { kind: 'answered', answer }
  const waits = await openWaits(tx.db, repositoryId)
  const cycle = cycleOfWaits(waits, wait.messageId)
  // Each of them looks; one alone is ended, so that the others can be answered.
  if (cycle && isBrokenBy(cycle, wait.messageId)) return { kind: 'deadlock', cycle }
  const asked = await getMember(tx.db, wait.askedId)
  const [known] = asked ? await experienceOf(tx.db, [asked]) : []
  return known?.busy ? { kind: 'waiting' } : { kind: 'away' }
}

/** Ends a wait. An answer was read; a deadlock is told on the issue of each agent in it. */
export async function closeWait(tx: Tx, repositoryId: number, wait: AnswerWait, state: WaitState): Promise<void> {
  await endWait(tx, wait.messageId)
  if (state.kind === 'answered') await markRead(tx, wait.askerId, state.answer.id)
  if (state.kind !== 'deadlock') return
  const { cycle } = state
  const issues = new Map<number, ItemRow>()
  for (const { workItemId } of cycle) {
    const item = await getItem(tx.db, workItemId)
    if (item) issues.set(workItemId, item)
  }
  const text = texts.agentDeadlock(
    cycle.map(({ askerName, askedName, workItemId }) => ({
      asker: askerName,
      asked: askedName,
      issue: issues.get(workItemId)?.issueNumber ?? 0,
    })),
  )
  const tutti = await orchestratorOf(tx, repositoryId)
  for (const item of issues.values()) {
    await addMessage(
      tx,
      {
        ...{ repositoryId, workItemId: item.id, channel: itemChannel(item), text, replyTo: null },
        ...{ fromMemberId: tutti.id, fromName: tutti.name, toName: 'people' },
      },
      [null],
    )
    await requestStatusComment(tx, item, 'soon')
    await appendAudit(tx, {
      repositoryId,
      workItemId: item.id,
      actor: 'tutti',
      what: 'AgentDeadlock',
      detail: { text },
    })
  }
}
