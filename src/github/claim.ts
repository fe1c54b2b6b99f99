/** The claim of the publisher on one effect: held while it works, confirmed before each write. */

import type { Database } from '../db/connect.ts'
import { confirmClaim, type EffectRow } from '../db/outbox.ts'
import { sinceBoot } from '../lib/since-boot.ts'

/** Another process has taken the effect over: it carries it out, or has done so. */
export class ClaimLost extends Error {
  override name = 'ClaimLost'
}

/** A claim that is being held. */
export interface HeldClaim {
  /** @throws {ClaimLost} when another process may have the effect. */
  confirm(): Promise<void>
  /** Stops holding it. */
  release(): void
}

/**
 * Holds a claim that was made just now.
 * @param leaseMs after so long without a confirmation others take it. It is asked for after a third: a write takes 15 s at
 * most, and must have ended before.
 */
export function holdClaim(
  db: Database,
  row: EffectRow,
  { leaseMs, now = sinceBoot }: { leaseMs: number; now?: () => number },
): HeldClaim {
  const freshMs = leaseMs / 3
  let confirmedAt = now()
  const ask = async () => {
    const at = now()
    const mine = await confirmClaim(db, row)
    if (mine) confirmedAt = at
    return mine
  }
  // A slow answer to a read is no reason for others to begin as well. What fails here is asked again before the write.
  const timer = setInterval(() => void ask().catch(() => {}), freshMs).unref()
  return {
    confirm: async () => {
      if (now() - confirmedAt > freshMs && !(await ask()))
        throw new ClaimLost(`the effect ${row.key} was taken over by another process`)
    },
    release: () => clearInterval(timer),
  }
}
