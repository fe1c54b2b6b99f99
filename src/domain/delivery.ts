/** Messages on their way: how long one waits, how often it is tried, and when it is given up. Pure. */

/** How far a message has come to one reader. */
export type DeliveryState = 'pending' | 'delivered' | 'acknowledged' | 'dead'

/** Deliveries of one message before it is a dead letter (the seed's "max 3 attempts"). */
export const deliveryAttempts = 3

/** How long a message may wait for a reader that is not at work. */
export const patienceMs = 7 * 24 * 3_600_000

/** When a delivery is checked again, in milliseconds: 1, 5, 25 minutes. @param attempts how often it was tried. */
export function deliveryBackoffMs(attempts: number): number {
  return 60_000 * 5 ** Math.min(attempts, deliveryAttempts - 1)
}

/** What is known of one delivery when it is checked. */
export interface DeliveryFacts {
  state: DeliveryState
  attempts: number
  /** Whether the reader is at work now: it can ask for its messages. */
  readerAtWork: boolean
  /** Whether the reader may get another run: the item that the message is about is not finished. */
  mayReturn: boolean
  ageMs: number
}

/**
 * What becomes of a delivery. `retry`: it waits again, and counts as tried; `wait`: the reader is away, which counts
 * nothing; `dead`: it is given up, and people see that.
 */
export function nextDeliveryStep(facts: DeliveryFacts): 'none' | 'wait' | 'retry' | 'dead' {
  const { state, attempts, readerAtWork, mayReturn, ageMs } = facts
  if (state === 'acknowledged' || state === 'dead') return 'none'
  if (!readerAtWork) return mayReturn && ageMs < patienceMs ? 'wait' : 'dead'
  return attempts < deliveryAttempts ? 'retry' : 'dead'
}
