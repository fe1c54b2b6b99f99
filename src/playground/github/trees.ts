/** Files and folders at a commit. */
import type { Git } from './git.ts'

export interface TreeEntry {
  path: string
  sha: string
  type: 'file' | 'dir' | 'symlink' | 'submodule'
  /** In bytes; 0 for what is not a file. */
  size: number
}

export type TreeFound = { kind: 'file'; entry: TreeEntry } | { kind: 'folder'; entries: TreeEntry[] }

/** What is at `path` (empty: the root) of the commit; undefined when there is nothing. */
export async function listFolder(
  git: Git,
  directory: string,
  commit: string,
  path: string,
): Promise<TreeFound | undefined> {
  if (path !== '') {
    const [entry] = await listTree(git, directory, commit, path)
    if (!entry) return undefined
    if (entry.type !== 'dir') return { kind: 'file', entry }
  }
  return { kind: 'folder', entries: await listTree(git, directory, commit, path === '' ? '' : `${path}/`) }
}

async function listTree(git: Git, directory: string, commit: string, path: string): Promise<TreeEntry[]> {
  const paths = path === '' ? [] : ['--', path]
  const args = ['--literal-pathspecs', 'ls-tree', '-z', '--long', '--full-tree', commit, ...paths]
  const { stdout, status } = await git.run(directory, args, { accept: [0, 128] })
  if (status !== 0) return []
  return stdout.split('\x00').filter(Boolean).map(parseEntry)
}

/** `<mode> <type> <id> <size>\t<path>` */
function parseEntry(line: string): TreeEntry {
  const [facts = '', path = ''] = line.split('\t')
  const [mode = '', type, sha = '', size] = facts.split(/ +/)
  return { path, sha, type: typeOf(mode, type), size: Number(size) || 0 }
}

function typeOf(mode: string, type: string | undefined): TreeEntry['type'] {
  if (type === 'tree') return 'dir'
  if (type === 'commit') return 'submodule'
  return mode === '120000' ? 'symlink' : 'file'
}

/** The bytes of a blob. */
export function readBlob(git: Git, directory: string, id: string): Promise<Buffer> {
  return git.bytes(directory, ['cat-file', 'blob', id])
}
