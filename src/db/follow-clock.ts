/** Takes the time from the database, so that all processes on it have the same; see `lib/clock.ts`. */

import { sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { currentMs, machineAheadMs, setCurrentTime } from '../lib/clock.ts'
import type { Closers } from '../lib/closers.ts'
import { clocksDiffer, followTimeServer, noteworthyMs } from '../messages/clocks.ts'
import type { Store } from './connect.ts'

/** How often the database is asked, in ms. Between two times the seconds of this machine are counted, which are as long. */
const askEveryMs = 30_000
/** Two clocks that differ by less are the same, in ms. */
const toleranceMs = 100

/**
 * Asks now, and again and again until `closers` end it. Nothing is changed on the embedded database, whose clock is that of
 * this process.
 * @throws when the database does not answer now; later its time goes on as it was.
 */
export async function followClock(store: Pick<Store, 'db' | 'kind'>, log: Logger, closers: Closers): Promise<void> {
  if (store.kind === 'pglite') return
  let saidMs = 0
  const ask = async (first: boolean) => {
    const { ms, uncertaintyMs } = await askTime(store)
    // On a busy machine an answer waits, and says less well what time it is than the time that goes on by itself.
    if (first || Math.abs(ms - currentMs()) > uncertaintyMs + toleranceMs) setCurrentTime(ms)
    const aheadMs = machineAheadMs()
    if (Math.abs(aheadMs - saidMs) < noteworthyMs) return
    saidMs = aheadMs
    if (Math.abs(aheadMs) < noteworthyMs) log.info('the clock of this machine is right again')
    else log.warn(`${clocksDiffer(aheadMs)}. ${followTimeServer}`)
  }
  await ask(true)
  const timer = setInterval(() => void ask(false).catch(() => {}), askEveryMs)
  timer.unref()
  closers.push(() => {
    clearInterval(timer)
    setCurrentTime(undefined)
  })
}

/** @returns the time in ms since 1970, and by how much it may be wrong in either direction. */
async function askTime({ db }: Pick<Store, 'db'>): Promise<{ ms: number; uncertaintyMs: number }> {
  const before = performance.now()
  const { rows } = (await db.execute(sql`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`)) as unknown as { rows: { ms: number }[] }
  // The answer was made in between: half of the way ago, as far as is known.
  const uncertaintyMs = (performance.now() - before) / 2
  return { ms: Number(rows[0]?.ms) + uncertaintyMs, uncertaintyMs }
}
