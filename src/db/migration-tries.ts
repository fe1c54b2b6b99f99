/** A migration beside a process that works: each may wait for a table that the other has. */

import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { isDeadlock } from './data-error.ts'

/** Transactions of the other processes take milliseconds: so many meetings in a row are something else. */
const mostTries = 10

/**
 * Runs a migration, and again when the server has ended it since it and another process waited for each other. A migration
 * is one transaction, so that nothing of it is left then.
 * @param pauseMs before the second try, in milliseconds; longer each time.
 * @throws what the migration throws.
 */
export async function untilNoDeadlock(
  migrate: () => Promise<void>,
  log: Pick<Logger, 'info'>,
  pauseMs = 100,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    try {
      return await migrate()
    } catch (error) {
      if (!isDeadlock(error) || tries === mostTries) throw error
      log.info('the upgrade of the database waits for the work of another process; trying again')
      await sleep(pauseMs * tries)
    }
  }
}
