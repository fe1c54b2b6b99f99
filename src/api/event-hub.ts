/**
 * One reader of what is new for all who listen, programs and pages: it looks when this process has moved an item, and once a
 * second for what other processes did, but only while somebody listens. Who cannot keep up is dropped, and goes on later from
 * the last event that it has.
 */

import type { Logger } from 'pino'
import type { Database, Store } from '../db/connect.ts'
import { servedRepositories } from '../db/repositories.ts'
import { type EventView, listEvents, readEvents } from '../views/events.ts'
import { quietMarks } from '../views/quiet-marks.ts'

/** Somebody who listens. */
export interface Listener {
  /** The last event that it has; undefined: it begins now. */
  after: number | undefined
  /** The rows of the repositories that it sees. Asked again from time to time; undefined: it may not listen any more. */
  sees(): Promise<readonly number[] | undefined>
  /** Only events that this accepts. */
  wants(event: EventView): boolean
  /** @returns whether it has room for more. */
  send(event: EventView): boolean
  /** A repository that it sees has changed without an event. Absent: it does not ask. @returns as `send`. */
  changed?(): boolean
  /** Keeps the connection alive. @returns as `send`. */
  beat(): boolean
  /** Ends it: it may not listen any more, cannot keep up, or the process ends. */
  end(): void
}

interface Seat {
  listener: Listener
  /** The last event that it was offered. */
  at: number
  /** It does not have yet what the others have. */
  behind: boolean
  ids: ReadonlySet<number>
}

/** How the hub keeps time, in milliseconds. */
const timing = { poll: 1_000, wake: 25, marks: 900, beat: 15_000, check: 30_000 }
/** Events that are read at once. */
const pageSize = 200

/** Where listeners take their seats. */
export class EventHub {
  readonly #store: Pick<Store, 'db' | 'watch'>
  readonly #log: Logger
  readonly #seats = new Set<Seat>()
  /** The last event that was handed out; undefined without listeners. */
  #cursor: number | undefined
  #timer: NodeJS.Timeout | undefined
  #turning = false
  #again = false
  #closed = false
  /** The last marks of the repositories, for those who ask for changes without an event. */
  readonly #marks = new Map<number, string>()
  /** When each is due. */
  readonly #due = { marks: 0, beat: performance.now() + timing.beat, check: performance.now() + timing.check }

  constructor(store: Pick<Store, 'db' | 'watch'>, log: Logger) {
    this.#store = store
    this.#log = log
    store.watch(() => this.#wake(timing.wake))
  }

  /** How many listen. */
  get size(): number {
    return this.#seats.size
  }

  /** @returns what ends it; undefined when the listener may not listen, or the process ends. */
  async join(listener: Listener): Promise<(() => void) | undefined> {
    const ids = this.#closed ? undefined : await listener.sees()
    if (!ids) return undefined
    const known = this.#cursor ?? (await newest(this.#store.db))
    this.#cursor ??= known
    const at = listener.after ?? this.#cursor
    const seat: Seat = { listener, at, behind: at < this.#cursor, ids: new Set(ids) }
    if (this.#closed) return undefined
    this.#seats.add(seat)
    this.#wake(0)
    return () => this.#leave(seat)
  }

  /** Ends all, and reads no more. */
  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
    for (const seat of this.#seats) this.#drop(seat)
  }

  #leave(seat: Seat): void {
    this.#seats.delete(seat)
    if (this.#seats.size > 0) return
    clearTimeout(this.#timer)
    this.#cursor = undefined
    this.#marks.clear()
  }

  #drop(seat: Seat): void {
    this.#leave(seat)
    seat.listener.end()
  }

  #wake(afterMs: number): void {
    if (this.#closed || this.#seats.size === 0) return
    this.#again = this.#turning
    if (this.#turning) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#turn(), afterMs)
  }

  /** One look for everybody. */
  async #turn(): Promise<void> {
    this.#turning = true
    let more = false
    try {
      more = await this.#handOut()
      for (const seat of this.#seats) if (seat.behind) more = (await this.#catchUp(seat)) || more
      if (this.#isDue('marks')) await this.#compareMarks()
      if (this.#isDue('beat')) this.#beat()
      // It asks GitHub, and the events do not wait for that.
      if (this.#isDue('check')) void this.#check()
    } catch (err) {
      this.#log.warn({ err }, 'the events could not be read; trying again')
    }
    this.#turning = false
    this.#wake(more || this.#again ? timing.wake : timing.poll)
  }

  /** @returns whether there may be more. */
  async #handOut(): Promise<boolean> {
    const after = this.#cursor
    if (after === undefined) return false
    const readFor = new Map([...this.#seats].map((seat) => [seat, seat.ids]))
    const events = await readEvents(this.#store.db, idsOf(this.#seats), { after, limit: pageSize })
    const last = events.at(-1)?.event.id
    if (last === undefined) return false
    for (const seat of this.#seats) {
      // Who has come meanwhile, or sees more by now, may see what was not read: it catches up.
      if (readFor.get(seat) !== seat.ids) seat.behind ||= seat.at < last
      else if (!seat.behind) for (const read of events) if (this.#seats.has(seat)) this.#offer(seat, read)
    }
    if (this.#cursor !== undefined) this.#cursor = last
    return events.length === pageSize
  }

  /** A page of what a listener has missed, if it has room. @returns whether there may be more. */
  async #catchUp(seat: Seat): Promise<boolean> {
    const { db } = this.#store
    const seen = seat.ids
    const ids = [...seen]
    const events = await readEvents(db, ids, { after: seat.at, limit: pageSize })
    // It sees more by now: once more, for all of it.
    if (seat.ids !== seen) return true
    for (const read of events) if (this.#seats.has(seat)) this.#offer(seat, read)
    // Some may have to wait for a transaction: the others may have them by then, and this one not.
    const [newest] = await listEvents(db, ids, { limit: 1 })
    seat.behind = newest !== undefined && newest.id > seat.at
    return seat.behind
  }

  #offer(seat: Seat, { repositoryId, event }: { repositoryId: number; event: EventView }): void {
    if (event.id <= seat.at) return
    seat.at = event.id
    if (!seat.ids.has(repositoryId) || !seat.listener.wants(event)) return
    if (!seat.listener.send(event)) this.#drop(seat)
  }

  async #compareMarks(): Promise<void> {
    const asking = [...this.#seats].filter(({ listener }) => listener.changed)
    for (const [id, mark] of await quietMarks(this.#store.db, idsOf(asking))) {
      const before = this.#marks.get(id)
      this.#marks.set(id, mark)
      if (before === undefined || before === mark) continue
      for (const seat of asking) if (seat.ids.has(id) && seat.listener.changed?.() === false) this.#drop(seat)
    }
  }

  #isDue(what: 'marks' | 'beat' | 'check'): boolean {
    if (performance.now() < this.#due[what]) return false
    this.#due[what] = performance.now() + timing[what]
    return true
  }

  #beat(): void {
    for (const seat of this.#seats) if (!seat.listener.beat()) this.#drop(seat)
  }

  /** Who was revoked hears no more, and a new repository is heard. */
  async #check(): Promise<void> {
    // Not twice at once, however long it takes.
    this.#due.check = Number.POSITIVE_INFINITY
    for (const seat of this.#seats) {
      try {
        const ids = await seat.listener.sees()
        if (ids) seat.ids = new Set(ids)
        else this.#drop(seat)
      } catch (err) {
        this.#log.warn({ err }, 'what a listener may see could not be checked; trying again')
      }
    }
    this.#due.check = performance.now() + timing.check
  }
}

const idsOf = (seats: Iterable<Seat>) => [...new Set([...seats].flatMap(({ ids }) => [...ids]))]

async function newest(db: Database): Promise<number> {
  const ids = (await servedRepositories(db)).map(({ id }) => id)
  const [event] = await listEvents(db, ids, { limit: 1 })
  return event?.id ?? 0
}
