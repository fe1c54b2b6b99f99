/**
 * Reads a ref of the bare repository without a start of git, which takes longer than everything else about it. The
 * layout is git's documented one for `repositoryformatversion = 0`, which `repository.ts` writes (gitrepository-layout:
 * a file for each ref, then `packed-refs`). Any other layout is left to git.
 */

import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sha, sha } from '../lib/ids.ts'

/** Where a ref points; undefined when there is no such ref; `unsure` when git must be asked. */
export type RefRead = Sha | undefined | 'unsure'

/**
 * Reads a ref as it is at this moment. Whether the commit exists is not checked.
 * @param ref a checked full ref, `refs/…`.
 */
export async function readRef(gitDir: string, ref: string): Promise<RefRead> {
  // In this order: git writes `packed-refs` first and removes the file afterwards.
  const loose = await textOf(join(gitDir, ref))
  if (loose !== undefined) return idIn(loose)
  const packed = await textOf(join(gitDir, 'packed-refs'))
  if (packed === undefined) return undefined
  const at = packed.indexOf(` ${ref}\n`)
  return at < 0 ? undefined : idIn(packed.slice(packed.lastIndexOf('\n', at) + 1, at))
}

function idIn(text: string): RefRead {
  const id = text.trim()
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(id) ? sha(id) : 'unsure'
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'latin1')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code
    // A folder stands where the file would: there are refs below this name, and none of this name.
    if (code === 'ENOENT' || code === 'ENOTDIR' || code === 'EISDIR') return undefined
    throw error
  }
}
