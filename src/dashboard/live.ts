/**
 * Says "something has changed" to the pages that are open. What this process does is known at once; what other processes
 * do is seen by a look at the database every second while a page is open, so that all of them agree. Pages then fetch what
 * they show again; nothing of it goes through the stream.
 */

import { inArray, ne, sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import type { Store } from '../db/connect.ts'
import { repositories } from '../db/schema/repositories.ts'
import { runs } from '../db/schema/runs.ts'
import { workItems } from '../db/schema/work-items.ts'
import { tooManyPages } from '../messages/dashboard.ts'

/** How often the database is looked at, in milliseconds. */
const lookMs = 1_000
/** Proxies end a connection that says nothing for a minute. */
const beatMs = 25_000
/** More pages than this, and a new one is not kept up to date by itself. */
const mostReaders = 2_000

interface Reader {
  repositoryId: number
  /** Whether the person may still see it, asked from time to time. */
  allowed(): Promise<boolean>
  send(text: string): void
  end(): void
}

const encoder = new TextEncoder()

/** The pages that are open, and who they are about. */
export class LiveHub {
  readonly #readers = new Set<Reader>()
  readonly #seen = new Map<number, string>()
  readonly #store: Store
  readonly #log: Logger
  #look: NodeJS.Timeout | undefined
  #beat: NodeJS.Timeout | undefined
  #closed = false

  constructor(store: Store, log: Logger) {
    this.#store = store
    this.#log = log
    store.watch(({ repositoryId }) => this.#say(repositoryId))
  }

  /** How many pages are open. */
  get size(): number {
    return this.#readers.size
  }

  /**
   * The stream of one page, as server-sent events.
   * @param allowed asked every half minute; the stream ends when it says no.
   */
  open(repositoryId: number, allowed: () => Promise<boolean>): Response {
    if (this.#closed || this.#readers.size >= mostReaders) return new Response(`${tooManyPages}\n`, { status: 503 })
    let reader: Reader | undefined
    const forget = () => {
      if (reader) this.#readers.delete(reader)
      if (this.#readers.size === 0) this.#rest()
    }
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const send = (text: string) => {
          // A browser that takes nothing must not fill our memory: it fetches everything when it is back.
          if ((controller.desiredSize ?? 0) < -64) return
          controller.enqueue(encoder.encode(text))
        }
        reader = {
          ...{ repositoryId, allowed, send },
          end: () => {
            forget()
            controller.close()
          },
        }
        this.#readers.add(reader)
        this.#start()
        send('retry: 2000\n\n')
      },
      cancel: forget,
    })
    return new Response(body, {
      headers: {
        'content-type': 'text/event-stream; charset=utf-8',
        'cache-control': 'no-store',
        'x-accel-buffering': 'no',
      },
    })
  }

  /** Ends all streams. */
  close(): void {
    this.#closed = true
    for (const reader of [...this.#readers]) reader.end()
    this.#rest()
  }

  #say(repositoryId: number): void {
    for (const reader of this.#readers)
      if (reader.repositoryId === repositoryId) reader.send(`event: change\ndata: ${repositoryId}\n\n`)
  }

  #start(): void {
    this.#look ??= setTimeout(() => void this.#lookAgain(), lookMs)
    this.#beat ??= setInterval(() => void this.#beatAll(), beatMs).unref()
  }

  #rest(): void {
    clearTimeout(this.#look)
    clearInterval(this.#beat)
    this.#look = undefined
    this.#beat = undefined
    this.#seen.clear()
  }

  async #lookAgain(): Promise<void> {
    try {
      const watched = [...new Set([...this.#readers].map(({ repositoryId }) => repositoryId))]
      for (const [id, mark] of await marksOf(this.#store, watched)) {
        const before = this.#seen.get(id)
        this.#seen.set(id, mark)
        if (before !== undefined && before !== mark) this.#say(id)
      }
    } catch (err) {
      // Pages stay open while the database is away.
      this.#log.debug({ err }, 'the pages could not be brought up to date')
    }
    this.#look = this.#readers.size > 0 && !this.#closed ? setTimeout(() => void this.#lookAgain(), lookMs) : undefined
  }

  async #beatAll(): Promise<void> {
    for (const reader of [...this.#readers]) {
      const allowed = await reader.allowed().catch(() => true)
      if (allowed) reader.send(': still here\n\n')
      else if (this.#readers.has(reader)) reader.end()
    }
  }
}

/** What changes whenever a page of a repository would show something else: the head of its audit log, and its live runs. */
async function marksOf({ db }: Store, ids: readonly number[]): Promise<Map<number, string>> {
  if (ids.length === 0) return new Map()
  const heads = await db
    .select({ id: repositories.id, hash: repositories.auditHash, state: repositories.state })
    .from(repositories)
    .where(inArray(repositories.id, [...ids]))
  const live = await db
    .select({
      id: workItems.repositoryId,
      mark: sql<string>`md5(string_agg(concat_ws('|', ${runs.id}, ${runs.stage}, ${runs.progress}, ${runs.health}->>'at'), ',' order by ${runs.id}))`,
    })
    .from(runs)
    .innerJoin(workItems, sql`${runs.workItemId} = ${workItems.id}`)
    .where(ne(runs.stage, 'ended'))
    .groupBy(workItems.repositoryId)
  const liveMarks = new Map(live.map(({ id, mark }) => [id, mark]))
  return new Map(heads.map(({ id, hash, state }) => [id, `${hash} ${state} ${liveMarks.get(id) ?? ''}`]))
}
