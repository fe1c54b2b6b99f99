/** The reaper of this installation, after the strays of an earlier life are gone. */

import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Closers } from '../lib/closers.ts'
import { createReaper, type Reaper } from './reaper.ts'
import { killStrays } from './run-markers.ts'

/**
 * @param of.installation the same over restarts: strays of an earlier life are recognised by it.
 * @param of.life this process; what it starts is marked with it.
 * @param of.others processes of this installation that are alive: what they have started is no stray.
 */
export async function openReaper(
  of: { installation: string; life: string; others: readonly string[] },
  log: Logger,
  closers: Closers,
): Promise<Reaper> {
  const instanceId = createHash('sha256').update(of.installation).digest('hex').slice(0, 16)
  const reaper = createReaper({ instanceId, lifeId: of.life, onLost: (reason) => log.warn(reason) })
  closers.push(() => reaper.close())
  const { signalled } = await killStrays(instanceId, of.others)
  if (signalled > 0) log.warn({ processes: signalled }, 'what an earlier process had left running was ended')
  return reaper
}
