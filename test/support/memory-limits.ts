/** Limits for tests of the client alone: the rules, on a record in memory. */

import { type CallBudget, type CallRecord, waitFor } from '../../src/domain/call-limits.ts'
import type { SharedLimits } from '../../src/github/meter.ts'

/** Counts by the clock of the test. */
export function memoryLimits(clock: () => number = Date.now): SharedLimits {
  const record = { pausedUntil: 0, reads: [] as number[], writes: [] as number[] } satisfies CallRecord
  return {
    count: async (budget: CallBudget) => {
      const now = clock()
      if (waitFor(budget, record, now) > 0) return { record, now }
      if (budget.kind === 'read') record.reads.push(now)
      if (budget.kind === 'write') record.writes.push(now)
      return undefined
    },
    pause: async (ms) => {
      record.pausedUntil = Math.max(record.pausedUntil, clock() + ms)
    },
  }
}
