/** The outcome of an event. */

/** `ignored`: the event changed nothing. `note`: one line for operators. */
export interface EventOutcome {
  state: 'done' | 'ignored'
  note: string
}

/** The event changed something. */
export const done = (note: string): EventOutcome => ({ state: 'done', note })

/** The event changed nothing. */
export const ignored = (note: string): EventOutcome => ({ state: 'ignored', note })
