/** The sandbox as the operator's environment wants it, and what the operator reads about it at the start. */

import { resolve } from 'node:path'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import { runsWithout, runsWithoutByChoice } from '../messages/sandbox.ts'
import { openSandbox, type Sandbox } from './sandbox.ts'

/** Opens it, and says loudly where there is none. */
export function sandboxFor(env: Env, log: Pick<Logger, 'info' | 'warn' | 'error'>): Sandbox {
  const sandbox = openSandbox({
    mode: env.SANDBOX,
    dataDirectory: env.dataDirectory,
    hidden: [env.secretsDirectory, resolve('.env'), ...(env.PRIVATE_KEY_PATH ? [resolve(env.PRIVATE_KEY_PATH)] : [])],
    hosts: env.SANDBOX_HOSTS,
    readable: env.SANDBOX_READ,
    writable: env.SANDBOX_WRITE,
    limits: {
      memoryBytes: env.SANDBOX_MEMORY_MB * 2 ** 20,
      processes: env.SANDBOX_PROCESSES,
      fileBytes: env.SANDBOX_FILE_MB * 2 ** 20,
    },
    diskBytes: env.SANDBOX_DISK_MB * 2 ** 20,
    env: env.source,
  })
  const { on, mode, why = '', install = '' } = sandbox.status
  if (on) log.info({ sandbox: sandbox.status }, 'agents, gates and set-up steps run in a sandbox')
  else if (mode === 'off') log.warn({ sandbox: sandbox.status }, runsWithoutByChoice)
  else log.error({ sandbox: sandbox.status }, runsWithout(why, install))
  return sandbox
}
