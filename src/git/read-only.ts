/** Makes a tree that is only read. */

import { chmod, lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Takes the right to write from every file and folder of a tree; links stay as they are. It is a reminder for honest
 * programs, not a wall: the owner of the files can give it back, and root needs none. `removeFolder` removes such a
 * tree.
 */
export async function makeReadOnly(path: string): Promise<void> {
  for (const entry of await readdir(path, { withFileTypes: true })) {
    const inner = join(path, entry.name)
    if (entry.isDirectory()) await makeReadOnly(inner)
    else if (entry.isFile()) await chmod(inner, (await lstat(inner)).mode & 0o555)
  }
  await chmod(path, 0o555)
}
