/** The messages about an item that people see in its status comment. */

import type { Database } from '../db/connect.ts'
import { crewOf } from '../db/crew-members.ts'
import { itemMessages, type Message } from '../db/messages.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { ShownMessage } from '../messages/crew-messages.ts'

/** Deliveries that are looked at for that, and messages that are shown. */
const mostDeliveries = 40
const mostShown = 6

/** A message with who has read it. */
interface MessageAndReaders {
  message: ShownMessage
  readers: { name: string; state: 'pending' | 'delivered' | 'acknowledged' | 'dead' }[]
}

/** A message as readers get it. */
export function shownMessage(message: Message): ShownMessage {
  const { fromMemberId, awaitedBy, awaitEndedAt } = message
  return { ...message, fromAgent: fromMemberId !== null, awaited: awaitedBy !== null && awaitEndedAt === null }
}

/** The last messages about an item, oldest first. */
export async function shownMessages(db: Database, item: ItemRow): Promise<MessageAndReaders[]> {
  const rows = await itemMessages(db, item.id, mostDeliveries)
  if (rows.length === 0) return []
  const names = new Map((await crewOf(db, item.repositoryId)).map(({ id, name }) => [id, name]))
  const shown = new Map<number, MessageAndReaders>()
  for (const { message, delivery } of rows) {
    const name = delivery.memberId === null ? 'people' : (names.get(delivery.memberId) ?? '?')
    const known = shown.get(message.id)
    const reader = { name, state: delivery.state }
    if (known) known.readers.push(reader)
    else shown.set(message.id, { message: shownMessage(message), readers: [reader] })
  }
  return [...shown.values()].slice(-mostShown)
}
