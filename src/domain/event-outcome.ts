/** What became of an event. */

/** `ignored`: nothing follows from it. `note`: one line for operators. */
export interface EventOutcome {
  state: 'done' | 'ignored'
  note: string
}

/** Something followed from the event. */
export const done = (note: string): EventOutcome => ({ state: 'done', note })

/** Nothing follows from the event. */
export const ignored = (note: string): EventOutcome => ({ state: 'ignored', note })
