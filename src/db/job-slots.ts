/** When a job of a single queue starts, and which of them count as one. */

/** Jobs of a single queue whose times are in the same slot of this many milliseconds are one job. */
const slotMs = 200

/** When a job starts that is wanted at `after`: at the end of its slot, when all of the slot are due. */
export function startOf(single: boolean, after: Date): Date {
  return single ? new Date(Math.ceil(after.getTime() / slotMs) * slotMs) : after
}

/** What equal jobs of a single queue share: `now`, or their slot. */
export function slotOf(single: boolean, after: Date | undefined): string {
  return after ? String(startOf(single, after).getTime()) : 'now'
}
