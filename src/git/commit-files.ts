/** What a commit changes, as files with their contents, for whoever makes the same tree elsewhere. */

import type { CommitFile } from '../domain/github.ts'
import { UserError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { readBlobs, readChanges } from './changes.ts'
import type { BareRepository } from './repository.ts'
import { treeOf } from './rescue.ts'

/** Bytes of one request to GitHub, of which base64 takes a third. */
const maxFileBytes = 40 * 1024 * 1024

/**
 * The files in which a commit differs from its parent, a rename as a deletion and a new file.
 * @throws {UserError} for what GitHub's API cannot take: submodules, and files over 40 MiB.
 */
export async function readCommitFiles(
  repository: BareRepository,
  commit: Sha,
  parent: Sha,
): Promise<{ baseTree: Sha; files: CommitFile[] }> {
  const changes = await readChanges(repository, parent, commit)
  const baseTree = await treeOf(repository, parent)
  if (!baseTree) throw new UserError(`The commit ${parent} cannot be read.`)
  const gone = changes.flatMap(({ status, path, oldPath }) => (status === 'D' ? [path] : (oldPath ?? [])))
  const files: CommitFile[] = gone.map((path) => ({ path, mode: '100644', content: null }))
  for (const { status, path, mode, blob, bytes } of changes) {
    if (status === 'D' || !blob) continue
    if (mode !== '100644' && mode !== '100755' && mode !== '120000')
      throw new UserError(`not supported yet: a verified commit that changes the submodule \`${path}\`.`)
    if (bytes > maxFileBytes)
      throw new UserError(`not supported yet: a verified commit with ${bytes} bytes in \`${path}\`.`)
    const [content] = await readBlobs(repository, [blob])
    if (!content) throw new UserError(`The file \`${path}\` of ${commit} cannot be read.`)
    // A copy: what `readBlobs` gives is a view of all that git has written.
    files.push({ path, mode, content: Buffer.from(content) })
  }
  return { baseTree, files }
}
