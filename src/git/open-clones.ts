/** The bare clones of all repositories, with the helper process that starts git for them. */

import { join } from 'node:path'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Closers } from '../lib/closers.ts'
import { BareClones, type CloneTarget } from './bare-clones.ts'
import { createForkServer } from './fork-server.ts'
import type { TokenSource } from './repository.ts'

/**
 * Starts the helper process. Clones are opened at their first use.
 * @param options.env the clones are in the folder `repositories` of its data directory.
 * @param options.token for one repository.
 */
export function openClones<Of extends CloneTarget>(options: {
  env: Pick<Env, 'dataDirectory' | 'ALLOW_HTTP_CLONE' | 'SPARE_WORKTREES'>
  token: (target: Of, ...asked: Parameters<TokenSource>) => ReturnType<TokenSource>
  log: Logger
  closers: Closers
}): BareClones<Of> {
  const { env, token, log, closers } = options
  const forkServer = createForkServer({ onLost: (reason) => log.warn(reason) })
  closers.push(() => forkServer.close())
  return new BareClones(join(env.dataDirectory, 'repositories'), {
    allowHttp: env.ALLOW_HTTP_CLONE,
    token,
    spares: env.SPARE_WORKTREES,
    start: forkServer.start,
  })
}
