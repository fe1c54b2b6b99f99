/** Takes the time from the database, so that all processes on it have the same; see `lib/clock.ts`. */

import { sql } from 'drizzle-orm'
import type { Logger } from 'pino'
import { setCurrentTime } from '../lib/clock.ts'
import type { Closers } from '../lib/closers.ts'
import type { Store } from './connect.ts'

/** How often the database is asked, in ms. Between two times the seconds of this machine are counted, which are as long. */
const askEveryMs = 30_000
/** A clock that is off by more is worth a word to the operator, in ms. GitHub takes no signature from a minute ahead. */
const noteworthyMs = 30_000

/**
 * Asks now, and again and again until `closers` end it. Nothing is changed on the embedded database, whose clock is that of
 * this process.
 * @throws when the database does not answer now; later its time goes on as it was.
 */
export async function followClock(store: Pick<Store, 'db' | 'kind'>, log: Logger, closers: Closers): Promise<void> {
  if (store.kind === 'pglite') return
  let saidMs = 0
  const ask = async () => {
    const aheadMs = Date.now() - (await askTime(store))
    if (Math.abs(aheadMs - saidMs) < noteworthyMs) return
    saidMs = aheadMs
    const way = aheadMs > 0 ? 'ahead of' : 'behind'
    const seconds = Math.round(Math.abs(aheadMs) / 1_000)
    const text = `the clock of this machine is ${way} the database's by ${seconds} s; the database's is used`
    if (seconds * 1_000 < noteworthyMs) log.info('the clock of this machine is right again')
    else log.warn({ seconds }, `${text}. Have this machine follow a time server`)
  }
  await ask()
  const timer = setInterval(() => void ask().catch(() => {}), askEveryMs)
  timer.unref()
  closers.push(() => {
    clearInterval(timer)
    setCurrentTime(undefined)
  })
}

/** Sets the time. @returns it, in ms since 1970. */
async function askTime({ db }: Pick<Store, 'db'>): Promise<number> {
  const before = performance.now()
  const { rows } = (await db.execute(sql`
    select (extract(epoch from clock_timestamp()) * 1000)::float8 as ms`)) as unknown as { rows: { ms: number }[] }
  // The answer was made in between: half of the way ago, as far as is known.
  const now = Number(rows[0]?.ms) + (performance.now() - before) / 2
  setCurrentTime(now)
  return now
}
