/** Where the running Tutti is, and the token for it. */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ClientEnv } from '../../config/env.ts'
import { VerbError } from '../exit-codes.ts'

/** Options of every verb that asks a running Tutti. */
export interface ServerOptions {
  url?: string | undefined
  token?: string | undefined
  repository?: string | undefined
}

/** A server, and the token for it. */
export interface ServerAccess {
  url: string
  token: string
}

/**
 * Finds the server: what was typed, then `TUTTI_URL` and `TUTTI_TOKEN`, then what `tutti serve` has left in its data
 * directory on this machine.
 * @throws {VerbError} when there is none, or no token for it.
 */
export function findServer(options: ServerOptions, env: ClientEnv): ServerAccess {
  const file = join(env.dataDirectory, 'operator.json')
  const left = readLeft(file)
  const url = options.url ?? env.TUTTI_URL ?? left?.url
  if (url === undefined) {
    throw new VerbError(
      'unreachable',
      `no Tutti is running here: there is no ${file}`,
      'Start it with `tutti serve` in this directory, or name one with --url and --token, or TUTTI_URL and TUTTI_TOKEN.',
    )
  }
  if (!URL.canParse(url))
    throw new VerbError('usage', `--url is no address: ${url}`, 'For example: http://127.0.0.1:3000')
  // The token that was left is for the server that has left it, and for no other.
  const own = left && sameOrigin(left.url, url) ? left.token : undefined
  const token = options.token ?? env.TUTTI_TOKEN ?? own
  if (token === undefined) {
    throw new VerbError(
      'unreachable',
      `there is no token for ${url}`,
      'Give one with --token or TUTTI_TOKEN; `tutti token create` on its machine makes one.',
    )
  }
  return { url, token }
}

function sameOrigin(one: string, other: string): boolean {
  return new URL(one).origin === new URL(other).origin
}

function readLeft(file: string): ServerAccess | undefined {
  try {
    const { url, token } = JSON.parse(readFileSync(file, 'utf8')) as Partial<ServerAccess>
    return typeof url === 'string' && URL.canParse(url) && typeof token === 'string' ? { url, token } : undefined
  } catch {
    // It is not there, is being replaced, or belongs to another user of the machine: no server that can be used.
    return undefined
  }
}
