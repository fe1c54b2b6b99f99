/**
 * Files that `.gitattributes` gives to git LFS: a commit holds a small pointer, and the content is uploaded elsewhere,
 * which Tutti cannot do. Content in the place of a pointer is refused: as a plain blob it would be in the history for good.
 */

import { readFile } from 'node:fs/promises'
import { type ChangedFile, readBlobs } from './changes.ts'
import type { Violation } from './import-policy.ts'
import { type BareRepository, git } from './repository.ts'

/** A pointer is smaller than this (git-lfs, docs/spec.md). */
const maxPointerBytes = 1024
const pointer = /^version https:\/\/git-lfs\.github\.com\/spec\/v1\n(?:[a-z0-9.-]+ .+\n)*oid sha256:[0-9a-f]{64}\n/

/**
 * The changed files that would become plain blobs although git LFS is to keep them.
 * @param index the index of the tree that is to be committed; its `.gitattributes` count
 */
export async function lfsViolations(
  repository: BareRepository,
  index: string,
  changes: readonly ChangedFile[],
): Promise<Violation[]> {
  const files = changes.filter(({ status, mode }) => status !== 'D' && mode.startsWith('100'))
  // Most repositories have no attributes: no start of git for them. Paths stand in an index as they are (index version 2).
  if (files.length === 0 || !(await readFile(index)).includes('.gitattributes')) return []
  const kept = await keptInLfs(
    repository,
    index,
    files.map((file) => file.path),
  )
  const mine = files.filter((file) => kept.has(file.path))
  const small = mine.filter((file) => file.bytes < maxPointerBytes)
  const blobs = await readBlobs(
    repository,
    small.flatMap(({ blob }) => (blob ? [blob] : [])),
  )
  const pointers = new Set(small.filter((_, at) => pointer.test(blobs[at]?.toString('latin1') ?? '')))
  return mine
    .filter((file) => !pointers.has(file))
    .map(({ path }) => ({
      path,
      kind: 'lfs' as const,
      reason:
        'is kept in git LFS (.gitattributes), and uploading its content is not supported yet: put the pointer file back, or leave this file to a person',
    }))
}

async function keptInLfs(repository: BareRepository, index: string, paths: readonly string[]): Promise<Set<string>> {
  const input = paths.map((path) => `${path}\0`).join('')
  const { stdout } = await git(repository, ['check-attr', '--cached', '-z', '--stdin', 'filter'], { index, input })
  const fields = stdout.toString('utf8').split('\0')
  const kept = new Set<string>()
  for (let at = 0; at + 2 < fields.length; at += 3) if (fields[at + 2] === 'lfs') kept.add(fields[at] ?? '')
  return kept
}
