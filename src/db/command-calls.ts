/** Commands that programs gave with a key of their own: the same key again gets the same reply. */

import { and, eq } from 'drizzle-orm'
import type { Tx } from './connect.ts'
import { commandCalls } from './schema/deliveries.ts'

/**
 * Claims the key of a caller with the transaction. It waits for another transaction that has claimed it.
 * @param digest of what is asked for.
 * @returns undefined when the key was free; otherwise what was asked for with it, and the reply.
 */
export async function claimCall(
  tx: Tx,
  call: { caller: string; key: string; digest: string },
): Promise<{ digest: string; reply: Record<string, unknown> } | undefined> {
  const claimed = await tx.db.insert(commandCalls).values(call).onConflictDoNothing().returning()
  if (claimed.length > 0) return undefined
  const [before] = await tx.db.select().from(commandCalls).where(thatCall(call))
  return before && { digest: before.digest, reply: before.reply }
}

/** Stores the reply of a call whose key the transaction has claimed. */
export async function saveCallReply(
  tx: Tx,
  call: { caller: string; key: string },
  reply: Record<string, unknown>,
): Promise<void> {
  await tx.db.update(commandCalls).set({ reply }).where(thatCall(call))
}

function thatCall({ caller, key }: { caller: string; key: string }) {
  return and(eq(commandCalls.caller, caller), eq(commandCalls.key, key))
}
