/** Messages between the crew and people, as programs see them. */

import { z } from 'zod'
import type { DeliveredMessage, Message } from '../db/messages.ts'

/** One message; with `state`, on its way to one reader. */
export const messageView = z.object({
  messageId: z.number().int(),
  channel: z.string(),
  from: z.string(),
  fromAgent: z.boolean(),
  to: z.string(),
  text: z.string(),
  at: z.string(),
  state: z.enum(['pending', 'delivered', 'acknowledged', 'dead']).nullable(),
})

/** A message, or one delivery of it. */
export function messageViewOf(message: Message, delivery?: DeliveredMessage['delivery']): z.infer<typeof messageView> {
  const { id, channel, fromName, fromMemberId, toName, text, createdAt } = message
  return {
    ...{ messageId: id, channel, from: fromName, fromAgent: fromMemberId !== null, to: toName, text },
    at: createdAt.toISOString(),
    state: delivery?.state ?? null,
  }
}
