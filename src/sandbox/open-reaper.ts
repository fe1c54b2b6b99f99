/** The reaper of this installation, after the strays of an earlier life are gone. */

import { createHash } from 'node:crypto'
import type { Logger } from 'pino'
import type { Closers } from '../lib/closers.ts'
import { createReaper, type Reaper } from './reaper.ts'
import { killStrays } from './run-markers.ts'

/** @param identity the same over restarts of one installation: strays of an earlier life are recognised by it. */
export async function openReaper(identity: string, log: Logger, closers: Closers): Promise<Reaper> {
  const instanceId = createHash('sha256').update(identity).digest('hex').slice(0, 16)
  const reaper = createReaper({ instanceId, onLost: (reason) => log.warn(reason) })
  closers.push(() => reaper.close())
  await killStrays(reaper.instanceId)
  return reaper
}
