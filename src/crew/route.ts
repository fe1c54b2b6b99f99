/**
 * Messages between the crew and people: `send`, `poll`, `acknowledge`. A message is stored before anything else happens
 * with it, and is on its way until its reader has acknowledged it: pending → delivered → acknowledged, or a dead letter
 * that people see.
 */

import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { type CrewMember, crewOf, experienceOf, getMember, memberNamed } from '../db/crew-members.ts'
import { defineJob } from '../db/define-job.ts'
import {
  acknowledgeByPeople,
  acknowledgeMessages,
  addMessage,
  countSent,
  type DeliveredMessage,
  lockDelivery,
  type Message,
  moveDelivery,
  sentLately,
  takeMessages,
} from '../db/messages.ts'
import { handlesOfPeople } from '../db/person-handles.ts'
import { requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow } from '../db/work-items.ts'
import { deliveryBackoffMs, nextDeliveryStep } from '../domain/delivery.ts'
import { isTerminal } from '../domain/lifecycle.ts'
import { currentMs } from '../lib/clock.ts'
import { boundedText } from '../lib/sanitise-text.ts'
import * as texts from '../messages/crew-messages.ts'
import { broadcast } from './broadcast.ts'

/** Characters of one message. */
const messageLength = 2_000
/** Messages of one member about one item: an agent that runs wild must not fill the table. */
const mostSent = 100
/** Messages that are handed out at once. */
const mostTaken = 20

/** Who sends: a member of the crew, or a person with write access. */
export type Sender = { member: CrewMember } | { login: string }

/** A message before it is sent. */
export interface Outgoing {
  repositoryId: number
  /** The item that it is about. */
  item?: ItemRow
  from: Sender
  /** A name or a handle, with or without `@`; `people`: those of the issue; `all`: who is at work, and the people; '' for the channel alone. */
  to: string
  /** That of the item when not given. */
  channel?: string
  text: string
  replyTo?: number
  redact(text: string): string
}

/** What became of it. */
export type Sent = { message: Message; readers: string[] } | { refused: string }

/** The channel of an item: its people and its agents. */
export const itemChannel = (item: { issueNumber: number }) => `item-${item.issueNumber}`

/** Sends a message: stores it with a delivery for each reader, and has the deliveries watched. */
export async function sendMessage(tx: Tx, outgoing: Outgoing): Promise<Sent> {
  const { repositoryId, item, from, replyTo } = outgoing
  const text = boundedText(outgoing.redact(outgoing.text).trim(), messageLength)
  if (text === '') return { refused: texts.emptyMessage }
  const channel = outgoing.channel ?? (item ? itemChannel(item) : 'general')
  const readers = await readersOf(tx, outgoing)
  if ('refused' in readers) return readers
  const member = 'member' in from ? from.member : undefined
  const toName = readers.toName
  const refused = member && item && (await whyNotSent(tx, item, member, { toName, text }))
  if (refused) return { refused }
  const { message, deliveries } = await addMessage(
    tx,
    {
      ...{ repositoryId, channel, text, toName, replyTo: replyTo ?? null, workItemId: item?.id ?? null },
      fromMemberId: member?.id ?? null,
      fromName: 'member' in from ? from.member.name : await nameOfPerson(tx, repositoryId, from.login),
    },
    readers.ids,
  )
  for (const { id, memberId } of deliveries) if (memberId !== null) await watch(tx, id, 0)
  await acknowledgeByWriting(tx, outgoing, readers.ids)
  if (item) await requestStatusComment(tx, item, 'soon')
  await broadcast(tx, {
    repositoryId,
    item,
    kind: 'message',
    member,
    facts: { channel, from: message.fromName, to: toName, message: text },
  })
  return { message, readers: readers.names }
}

/** An agent that repeats itself, or never stops. */
async function whyNotSent(
  tx: Tx,
  item: ItemRow,
  member: CrewMember,
  said: Pick<Message, 'toName' | 'text'>,
): Promise<string | undefined> {
  if (await sentLately(tx.db, { ...said, workItemId: item.id, fromMemberId: member.id })) return texts.sentBefore
  const sent = await countSent(tx.db, item.id, member.id)
  return sent >= mostSent ? texts.tooManyMessages(mostSent) : undefined
}

/** Whoever answers has read: an agent the message that it names, people what the agent has said to them. */
async function acknowledgeByWriting(
  tx: Tx,
  { from, item, replyTo }: Outgoing,
  readers: readonly (number | null)[],
): Promise<void> {
  if ('member' in from) {
    if (replyTo !== undefined) await acknowledgeMessages(tx, from.member.id, [replyTo])
    return
  }
  for (const id of readers) if (item && id !== null) await acknowledgeByPeople(tx, item.id, id)
}

/** Hands a member what waits for it. Whoever is given a message acknowledges it, or gets it once more. */
export async function pollMessages(tx: Tx, memberId: number): Promise<DeliveredMessage[]> {
  return takeMessages(tx, memberId, mostTaken)
}

/** A member has taken messages in; all that it was given when no ids are named. @returns how many. */
export async function acknowledge(tx: Tx, memberId: number, messageIds?: readonly number[]): Promise<number> {
  return acknowledgeMessages(tx, memberId, messageIds)
}

/** A person is shown by the handle, if any, and the login, which proves who it is. */
async function nameOfPerson(tx: Tx, repositoryId: number, login: string): Promise<string> {
  const own = (await handlesOfPeople(tx.db, repositoryId)).find((one) => one.login === login)
  return own ? `${own.handle} (${login})` : login
}

interface Readers {
  /** Members; null for the people of the issue. */
  ids: (number | null)[]
  names: string[]
  toName: string
}

async function readersOf(tx: Tx, { repositoryId, item, from, to }: Outgoing): Promise<Readers | { refused: string }> {
  const wanted = to.replace(/^@/, '').trim().toLowerCase()
  const people = { ids: [null], names: ['people'], toName: 'people' }
  if (wanted === '') return { ids: [], names: [], toName: '' }
  if (wanted === 'people') return item ? people : { refused: texts.noIssueToWriteTo }
  const sender = 'member' in from ? from.member.id : undefined
  if (wanted === 'all') {
    const crew = (await crewOf(tx.db, repositoryId)).filter(({ id }) => id !== sender)
    const atWork = (await experienceOf(tx.db, crew)).filter(({ busy }) => busy)
    const alsoPeople = item && sender !== undefined ? [null] : []
    return {
      ids: [...atWork.map(({ memberId }) => memberId), ...alsoPeople],
      names: [...atWork.map(({ name }) => name), ...(alsoPeople.length > 0 ? ['people'] : [])],
      toName: 'all',
    }
  }
  const reader = await memberNamed(tx.db, repositoryId, wanted)
  if (reader && reader.role !== 'orchestrator' && reader.id !== sender)
    return { ids: [reader.id], names: [reader.name], toName: reader.name }
  const person = (await handlesOfPeople(tx.db, repositoryId)).find((one) => one.handle.toLowerCase() === wanted)
  if (person && sender !== undefined)
    return item ? { ...people, names: [person.handle], toName: person.handle } : { refused: texts.noIssueToWriteTo }
  const others = (await crewOf(tx.db, repositoryId)).filter(({ role, id }) => role !== 'orchestrator' && id !== sender)
  return {
    refused: texts.noSuchReader(
      to,
      others.map(({ name }) => name),
    ),
  }
}

async function watch(tx: Tx, deliveryId: number, attempts: number): Promise<void> {
  const after = new Date(currentMs() + deliveryBackoffMs(attempts))
  await tx.enqueue({ queue: 'watch-delivery', deliveryId }, { after })
}

/** Handler of the `watch-delivery` queue: a message that was not acknowledged is tried again, or given up. */
export async function watchDelivery({ store }: { store: Store }, job: { deliveryId: number }): Promise<void> {
  await store.transaction(async (tx) => {
    const found = await lockDelivery(tx, job.deliveryId)
    const reader = found?.delivery.memberId ? await getMember(tx.db, found.delivery.memberId) : undefined
    if (!found || !reader) return
    const { delivery, message } = found
    const item = message.workItemId ? await getItem(tx.db, message.workItemId) : undefined
    const step = nextDeliveryStep({
      ...delivery,
      readerAtWork: (await experienceOf(tx.db, [reader])).some(({ busy }) => busy),
      mayReturn: item !== undefined && !isTerminal(item),
      ageMs: currentMs() - message.createdAt.getTime(),
    })
    if (step === 'none') return
    if (step === 'dead') {
      await moveDelivery(tx, delivery.id, { state: 'dead' })
      if (item) await requestStatusComment(tx, item, 'soon')
      return
    }
    // One that nothing was handed out of has waited in vain; one that was, is handed out again.
    const waitedInVain = step === 'retry' && delivery.state === 'pending'
    const attempts = delivery.attempts + (waitedInVain ? 1 : 0)
    await moveDelivery(tx, delivery.id, { state: 'pending', attempts })
    await watch(tx, delivery.id, attempts)
  })
}

export const watchDeliveryJob = defineJob(
  { queue: 'watch-delivery', payload: z.object({ deliveryId: z.number().int() }) },
  watchDelivery,
)
