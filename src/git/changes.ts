/** What changed between two trees, with all that the import policy needs to know. */

import { join } from 'node:path'
import { type Sha, sha } from '../lib/ids.ts'
import { type BareRepository, git } from './repository.ts'

/** One changed file. */
export interface ChangedFile {
  path: string
  /** Added, modified, deleted, renamed, or of another type than before (file, link, submodule). */
  status: 'A' | 'M' | 'D' | 'R' | 'T'
  /** Where it was, when renamed. */
  oldPath?: string
  /** git's file mode in octal: 100644, 100755, 120000 (link), 160000 (submodule); 000000 when there is none. */
  mode: string
  oldMode: string
  /** The new blob's id; undefined when deleted. */
  blob?: Sha
  /** Lines; both 0 for a binary file. */
  additions: number
  deletions: number
  binary: boolean
  /** Bytes of the new file; 0 when deleted or a submodule. */
  bytes: number
  /** Where a link points. */
  target?: string
}

/** Longest link target that is read, as on Linux. */
const maxTargetBytes = 4096

/**
 * The files that differ between two commits or trees; renames are found.
 * @param base undefined stands for the empty tree
 */
export async function readChanges(
  repository: BareRepository,
  base: Sha | undefined,
  head: Sha,
): Promise<ChangedFile[]> {
  const flags = ['-r', '-z', '-M', '--raw', '--numstat', '--no-ext-diff', '--no-textconv', '--full-index']
  const from = base ?? (await writeEmptyTree(repository))
  const { stdout } = await git(repository, ['diff-tree', ...flags, '--end-of-options', from, head])
  const changes = parseChanges(stdout.toString('utf8'))
  await addBlobDetails(repository, changes)
  return changes
}

/**
 * Writes the tree without files, from an index that does not exist. Its id is well known, but the object must be
 * there.
 */
export async function writeEmptyTree(repository: BareRepository): Promise<Sha> {
  const { stdout } = await git(repository, ['write-tree'], { index: join(repository.privateDir, 'no-index') })
  return sha(stdout.toString('utf8').trim())
}

/**
 * The changes that each commit makes against its first parent, all in one list. A file that one commit adds and the
 * next one removes is in it twice: it would be pushed all the same.
 * @param commits at most some hundreds
 */
export async function readChangesPerCommit(
  repository: BareRepository,
  commits: readonly Sha[],
): Promise<ChangedFile[]> {
  if (commits.length === 0) return []
  const flags = ['-r', '-z', '-m', '--root', '--raw', '--numstat', '--no-renames', '--no-commit-id', '--stdin']
  const input = `${commits.join('\n')}\n`
  const { stdout } = await git(repository, ['diff-tree', ...flags, '--no-ext-diff', '--no-textconv', '--full-index'], {
    input,
  })
  const changes = parseChanges(stdout.toString('utf8'))
  await addBlobDetails(repository, changes)
  return changes
}

/**
 * Reads `--raw --numstat -z`. Fields end with NUL: a raw entry is `:modes ids status` and one path, or two when
 * renamed; a numstat entry is `added\tdeleted\tpath`, with an empty path and two more fields when renamed.
 */
export function parseChanges(text: string): ChangedFile[] {
  const fields = text.split('\0')
  const changes: ChangedFile[] = []
  const waiting = new Map<string, ChangedFile[]>()
  for (let at = 0; at < fields.length; at++) {
    const field = fields[at] ?? ''
    const raw = /^:(\d{6}) (\d{6}) [0-9a-f]+ ([0-9a-f]+) ([A-Z])\d*$/.exec(field)
    if (raw) {
      const renamed = raw[4] === 'R' || raw[4] === 'C'
      const oldPath = renamed ? fields[++at] : undefined
      const change = newChange(raw, fields[++at] ?? '', oldPath)
      changes.push(change)
      waiting.set(change.path, [...(waiting.get(change.path) ?? []), change])
      continue
    }
    const stat = /^(\d+|-)\t(\d+|-)\t([\s\S]*)$/.exec(field)
    if (!stat) continue
    let path = stat[3] ?? ''
    if (path === '') {
      at += 2
      path = fields[at] ?? ''
    }
    countLines(waiting.get(path)?.shift(), stat[1] ?? '', stat[2] ?? '')
  }
  return changes
}

function newChange(raw: RegExpExecArray, path: string, oldPath: string | undefined): ChangedFile {
  const [, oldMode = '', mode = '', blob = '', letter = ''] = raw
  return {
    path,
    status: letter === 'A' || letter === 'D' || letter === 'R' || letter === 'T' ? letter : 'M',
    ...(oldPath === undefined ? {} : { oldPath }),
    mode,
    oldMode,
    ...(letter === 'D' ? {} : { blob: sha(blob) }),
    additions: 0,
    deletions: 0,
    binary: false,
    bytes: 0,
  }
}

function countLines(change: ChangedFile | undefined, additions: string, deletions: string): void {
  if (!change) return
  change.binary = additions === '-'
  change.additions = Number(additions) || 0
  change.deletions = Number(deletions) || 0
}

/** Sizes of all new blobs with one process, and the targets of links with one more where there are any. */
async function addBlobDetails(repository: BareRepository, changes: ChangedFile[]): Promise<void> {
  const held = changes.filter((change) => change.blob && change.mode !== '160000')
  if (held.length === 0) return
  const input = `${held.map((change) => change.blob).join('\n')}\n`
  const { stdout } = await git(repository, ['cat-file', '--batch-check=%(objectsize)'], { input })
  const sizes = stdout.toString('utf8').split('\n')
  for (const [index, change] of held.entries()) change.bytes = Number(sizes[index]) || 0

  const links = held.filter((change) => change.mode === '120000' && change.bytes <= maxTargetBytes)
  const blobs = await readBlobs(
    repository,
    links.flatMap((link) => (link.blob ? [link.blob] : [])),
  )
  for (const [index, link] of links.entries()) link.target = blobs[index]?.toString('utf8')
}

/**
 * Reads blobs with one process, in the order given; undefined where there is none.
 * @param names ids, or `<commit>:<path>`
 * @param maxBytes of all blobs together; 64 MiB by default
 */
export async function readBlobs(
  repository: BareRepository,
  names: readonly string[],
  maxBytes?: number,
): Promise<(Buffer | undefined)[]> {
  if (names.length === 0) return []
  const { stdout } = await git(repository, ['cat-file', '--batch'], { input: `${names.join('\n')}\n`, maxBytes })
  const blobs: (Buffer | undefined)[] = []
  let at = 0
  while (blobs.length < names.length && at < stdout.length) {
    const lineEnd = stdout.indexOf(10, at)
    if (lineEnd === -1) break
    const header = / (?<type>[a-z]+) (?<size>\d+)$/.exec(stdout.toString('utf8', at, lineEnd))
    at = lineEnd + 1
    if (!header?.groups) {
      blobs.push(undefined)
      continue
    }
    const size = Number(header.groups.size)
    blobs.push(header.groups.type === 'blob' ? stdout.subarray(at, at + size) : undefined)
    at += size + 1
  }
  return blobs
}
