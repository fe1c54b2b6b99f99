/** The outcome of an event. */

/** `ignored`: the event changed nothing. `note`: one line for operators. */
export interface EventOutcome {
  state: 'done' | 'ignored'
  note: string
  /** The delivery itself lacks what is needed: trying it again is of no use. */
  unfit?: true
}

/** The event changed something. */
export const done = (note: string): EventOutcome => ({ state: 'done', note })

/** The event changed nothing. */
export const ignored = (note: string): EventOutcome => ({ state: 'ignored', note })
