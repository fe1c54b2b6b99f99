/** Sends the journeys of finished items to an OpenTelemetry collector, where one is configured. */

import type { Logger } from 'pino'
import type { TraceSink } from '../channels/traces.ts'
import { comesFromLostConnection } from '../db/away.ts'
import type { Store } from '../db/connect.ts'
import { markTraced, untracedItems } from '../db/item-traces.ts'
import { type ItemTrace, itemTrace } from '../views/item-trace.ts'

const batch = 50

/** Sends what has ended since the last time. A collector that is away loses nothing within a day. */
export class ItemTracer {
  readonly #services: { store: Store; log: Pick<Logger, 'info' | 'warn'> }
  readonly #traces: TraceSink
  #away = false

  constructor(services: { store: Store; log: Pick<Logger, 'info' | 'warn'> }, traces: TraceSink) {
    this.#services = services
    this.#traces = traces
  }

  /** One round. An item of which no trace can be made is left out, and logged. @returns how many were sent. */
  async round(): Promise<number> {
    const { store, log } = this.#services
    const ids = await untracedItems(store.db, batch)
    let sent = 0
    for (const id of ids) {
      const trace = await this.#traceOf(id)
      try {
        if (trace) await this.#traces.send(trace)
      } catch (error) {
        const problem = error instanceof Error ? error.message : String(error)
        if (!this.#away) log.warn({ problem }, 'the OpenTelemetry collector does not take traces; it is tried again')
        this.#away = true
        return sent
      }
      if (this.#away) log.info('the OpenTelemetry collector takes traces again')
      this.#away = false
      await markTraced(store.db, id)
      if (trace) sent++
    }
    return sent
  }

  async #traceOf(id: number): Promise<ItemTrace | undefined> {
    const { store, log } = this.#services
    try {
      return await itemTrace(store.db, id)
    } catch (error) {
      if (comesFromLostConnection(error)) throw error
      log.warn({ err: error, workItem: id }, 'no trace can be made of an item; it is left out')
      return undefined
    }
  }
}
