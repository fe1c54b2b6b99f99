/**
 * One reader of the log of events for all who listen: it looks when this process has moved an item, and once a second for
 * what other processes did, but only while somebody listens. Who cannot keep up is dropped, and goes on later from the
 * last event that it has.
 */

import type { Logger } from 'pino'
import type { Database, Store } from '../db/connect.ts'
import { servedRepositories } from '../db/repositories.ts'
import { type EventView, listEvents } from '../views/events.ts'

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
  names: ReadonlySet<string>
  ids: readonly number[]
}

/** How the hub keeps time, in milliseconds. */
const timing = { poll: 1_000, wake: 25, beat: 15_000, check: 30_000 }
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
  #lastBeat = Date.now()
  #lastCheck = Date.now()

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
    const { db } = this.#store
    const known = this.#cursor ?? (await newest(db))
    this.#cursor ??= known
    const at = listener.after ?? this.#cursor
    const seat: Seat = { listener, at, behind: at < this.#cursor, ids, names: await namesOf(db, ids) }
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
      await this.#check()
      more = await this.#handOut()
      for (const seat of this.#seats) if (seat.behind) more = (await this.#catchUp(seat)) || more
      this.#beat()
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
    const ids = [...new Set([...this.#seats].flatMap((seat) => seat.ids))]
    const events = await listEvents(this.#store.db, ids, { after, limit: pageSize })
    for (const event of events) for (const seat of this.#seats) if (!seat.behind) this.#offer(seat, event)
    const last = events.at(-1)?.id
    if (last !== undefined && this.#cursor !== undefined) this.#cursor = last
    return events.length === pageSize
  }

  /** A page of what a listener has missed, if it has room. @returns whether there may be more. */
  async #catchUp(seat: Seat): Promise<boolean> {
    const upTo = this.#cursor ?? seat.at
    const events = await listEvents(this.#store.db, seat.ids, { after: seat.at, limit: pageSize })
    for (const event of events) if (event.id <= upTo && this.#seats.has(seat)) this.#offer(seat, event)
    seat.behind = events.length === pageSize && seat.at < upTo
    return seat.behind
  }

  #offer(seat: Seat, event: EventView): void {
    if (event.id <= seat.at) return
    seat.at = event.id
    if (!seat.names.has(event.repository) || !seat.listener.wants(event)) return
    if (!seat.listener.send(event)) this.#drop(seat)
  }

  #beat(): void {
    if (Date.now() - this.#lastBeat < timing.beat) return
    this.#lastBeat = Date.now()
    for (const seat of this.#seats) if (!seat.listener.beat()) this.#drop(seat)
  }

  /** Who was revoked hears no more, and a new repository is heard. */
  async #check(): Promise<void> {
    if (Date.now() - this.#lastCheck < timing.check) return
    this.#lastCheck = Date.now()
    for (const seat of this.#seats) {
      const ids = await seat.listener.sees()
      if (ids) Object.assign(seat, { ids, names: await namesOf(this.#store.db, ids) })
      else this.#drop(seat)
    }
  }
}

async function newest(db: Database): Promise<number> {
  const ids = (await servedRepositories(db)).map(({ id }) => id)
  const [event] = await listEvents(db, ids, { limit: 1 })
  return event?.id ?? 0
}

async function namesOf(db: Database, ids: readonly number[]): Promise<Set<string>> {
  const repositories = await servedRepositories(db)
  return new Set(repositories.filter(({ id }) => ids.includes(id)).map(({ fullName }) => fullName))
}
