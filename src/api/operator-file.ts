/**
 * The operator's file in the data directory: where this process serves, and a token for it. Who can read it owns the
 * process anyway, so the command line on the same machine needs no set-up. The token dies with the process.
 */

import { createHash } from 'node:crypto'
import { chmodSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceToken, revokeTokenRow } from '../db/api-tokens.ts'
import type { Store } from '../db/connect.ts'
import { newSecret } from './tokens.ts'

/** Where it serves, and with which token. */
const operatorFile = z.object({ url: z.url(), token: z.string() })
export type OperatorAccess = z.infer<typeof operatorFile>

const pathIn = (dataDirectory: string) => join(dataDirectory, 'operator.json')

/**
 * Writes the file, for its owner alone. A file that a killed process has left is replaced, and its token is void.
 * @param url where the process listens; an address that stands for all is written as the one of this machine.
 * @returns what removes it and revokes the token.
 */
export async function writeOperatorFile(
  { db }: Pick<Store, 'db'>,
  dataDirectory: string,
  url: string,
): Promise<() => Promise<void>> {
  const { secret, hash } = newSecret()
  // One for each directory of each machine: another process on the same database keeps its own.
  const place = createHash('sha256').update(`${hostname()}\n${dataDirectory}`).digest('hex').slice(0, 8)
  const name = `operator-${place}`
  await replaceToken(db, { name, role: 'admin', hash, ephemeral: true, createdBy: 'tutti' })
  const path = pathIn(dataDirectory)
  const text = `${JSON.stringify({ url: reachableUrl(url), token: secret })}\n`
  const draft = `${path}.${process.pid}`
  writeFileSync(draft, text, { mode: 0o600 })
  chmodSync(draft, 0o600)
  renameSync(draft, path)
  return async () => {
    // Processes that share the directory write one after another: the file of a later one stays.
    if (readOperatorFile(dataDirectory)?.token === secret) rmSync(path, { force: true })
    await revokeTokenRow(db, name, hash)
  }
}

/** The file that a serving process has written; undefined when there is none, or it cannot be used. */
export function readOperatorFile(dataDirectory: string): OperatorAccess | undefined {
  try {
    return operatorFile.parse(JSON.parse(readFileSync(pathIn(dataDirectory), 'utf8')))
  } catch {
    return undefined
  }
}

function reachableUrl(url: string): string {
  return url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
}
