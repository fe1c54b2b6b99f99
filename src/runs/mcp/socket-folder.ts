/** The folder of a run's socket. */

import { randomBytes } from 'node:crypto'
import { mkdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** The name of the socket in its folder. */
export const socketName = 'tools.sock'
/** A path of a Unix socket holds 107 bytes on Linux, 103 elsewhere (unix(7)). */
const maxSocketPath = 100

/**
 * Makes a folder that only this user may enter, with a name of 128 random bits: the name is the secret of the run. It lies
 * in the run's home, or among the temporary files where that path is too long.
 * @returns `shown`: what a sandbox must show besides the home.
 */
export async function makeSocketFolder(home: string): Promise<{ path: string; shown: string[] }> {
  const name = randomBytes(16).toString('base64url')
  const parent = join(home, 'tools')
  const inHome = join(parent, name)
  const fits = Buffer.byteLength(join(inHome, socketName)) <= maxSocketPath
  const path = fits ? inHome : join(tmpdir(), `tutti-${name}`)
  // What an earlier run has left in a home that goes on, perhaps a link.
  await rm(parent, { recursive: true, force: true })
  if (fits) await mkdir(parent, { mode: 0o700 })
  await mkdir(path, { mode: 0o700 })
  return { path, shown: fits ? [] : [path] }
}
