/** Makes and reads commits with git plumbing; no work tree anywhere. */

import type { Git } from './git.ts'
import { type ObjectId, objectId } from './sha.ts'

/** A file's new content; null deletes it. */
export type FileChange = string | null | { content: string; mode: '100644' | '100755' | '120000' }

/** Path → content. */
export type FileChanges = Record<string, FileChange>

export interface Signature {
  name: string
  email: string
  date: Date
}

export interface NewCommit {
  /** Full ref name that is moved to the commit. */
  ref: string
  /** The commit it is built on; undefined makes a root commit. */
  parent?: ObjectId
  files: FileChanges
  message: string
  author: Signature
  committer: Signature
}

/** Writes files, tree, commit and ref with one `git fast-import`. Rejects when the ref moved away from `parent`. */
export async function commitFiles(git: Git, path: string, commit: NewCommit, force = false): Promise<ObjectId> {
  const lines = [
    `commit ${commit.ref}\nmark :1\n`,
    `author ${stamp(commit.author)}\ncommitter ${stamp(commit.committer)}\n`,
    data(commit.message),
    commit.parent ? `from ${commit.parent}\n` : '',
    ...Object.entries(commit.files).map(([name, file]) => fileLine(name, file)),
    '\nget-mark :1\ndone\n',
  ]
  const args = ['fast-import', '--quiet', '--done', ...(force ? ['--force'] : [])]
  const { stdout } = await git.run(path, args, { input: lines.join('') })
  return objectId(stdout.trim())
}

function fileLine(name: string, file: FileChange): string {
  const path = quote(name)
  if (file === null) return `D ${path}\n`
  const { content, mode } = typeof file === 'string' ? { content: file, mode: '100644' } : file
  return `M ${mode} inline ${path}\n${data(content)}`
}

function quote(path: string): string {
  if (path.includes('\n')) throw new TypeError(`a path with a line break: ${JSON.stringify(path)}`)
  return `"${path.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`
}

function stamp({ name, email, date }: Signature): string {
  return `${name} <${email}> ${Math.floor(date.getTime() / 1000)} +0000`
}

/** Writes a commit of an existing tree; moves no ref. */
export async function commitTree(
  git: Git,
  path: string,
  commit: { tree: string; parents: ObjectId[]; message: string; author: Signature; committer: Signature },
): Promise<ObjectId> {
  const { author, committer } = commit
  const { stdout } = await git.run(
    path,
    ['commit-tree', commit.tree, ...commit.parents.flatMap((parent) => ['-p', parent]), '-F', '-'],
    {
      input: commit.message,
      env: {
        GIT_AUTHOR_NAME: author.name,
        GIT_AUTHOR_EMAIL: author.email,
        GIT_AUTHOR_DATE: gitDate(author.date),
        GIT_COMMITTER_NAME: committer.name,
        GIT_COMMITTER_EMAIL: committer.email,
        GIT_COMMITTER_DATE: gitDate(committer.date),
      },
    },
  )
  return objectId(stdout.trim())
}

function gitDate(date: Date): string {
  return `${Math.floor(date.getTime() / 1000)} +0000`
}

export interface CommitRecord {
  sha: ObjectId
  tree: string
  parents: ObjectId[]
  author: Signature
  committer: Signature
  message: string
  added: string[]
  removed: string[]
  modified: string[]
}

/** `%x00` and `%x01` cannot occur in what git prints for the other fields. */
const FORMAT = '%x01%H%x00%T%x00%P%x00%an%x00%ae%x00%at%x00%cn%x00%ce%x00%ct%x00%B%x00'
const LOG = ['log', '-m', '--first-parent', '--name-status', '--no-renames', '-z', `--format=${FORMAT}`]

/**
 * Commits, oldest first, with the names of the files each changed against its first parent.
 * @param range as `git log` takes it, for example `['main..topic']` or `[sha, '--max-count=1']`; full ids or checked names only.
 */
export async function readCommits(git: Git, path: string, range: string[]): Promise<CommitRecord[]> {
  const { stdout } = await git.run(path, [...LOG, '--reverse', '--topo-order', ...range, '--'])
  return stdout.split('\x01').slice(1).map(parseCommit)
}

function parseCommit(text: string): CommitRecord {
  const [
    id = '',
    tree = '',
    parents = '',
    an = '',
    ae = '',
    at = '0',
    cn = '',
    ce = '',
    ct = '0',
    message = '',
    ...rest
  ] = text.split('\x00')
  const changes: Pick<CommitRecord, 'added' | 'removed' | 'modified'> = { added: [], removed: [], modified: [] }
  const names = rest.map((part) => part.trimStart()).filter((part) => part !== '')
  for (let at = 0; at + 1 < names.length; at += 2) {
    const name = names[at + 1] ?? ''
    if (names[at] === 'A') changes.added.push(name)
    else if (names[at] === 'D') changes.removed.push(name)
    else changes.modified.push(name)
  }
  return {
    sha: objectId(id),
    tree,
    parents: parents.split(' ').filter(Boolean).map(objectId),
    author: { name: an, email: ae, date: new Date(Number(at) * 1000) },
    committer: { name: cn, email: ce, date: new Date(Number(ct) * 1000) },
    message: message.replace(/\n+$/, ''),
    ...changes,
  }
}

/** The commit with this full id, or undefined. */
export async function readCommit(git: Git, path: string, id: ObjectId): Promise<CommitRecord | undefined> {
  const { status, stdout } = await git.run(path, [...LOG, '--max-count=1', id, '--'], { accept: [0, 128] })
  const [text] = stdout.split('\x01').slice(1)
  return status === 0 && text !== undefined ? parseCommit(text) : undefined
}

/** Is `ancestor` reachable from `descendant`? */
export async function isAncestor(git: Git, path: string, ancestor: ObjectId, descendant: ObjectId): Promise<boolean> {
  const { status } = await git.run(path, ['merge-base', '--is-ancestor', ancestor, descendant], { accept: [0, 1] })
  return status === 0
}

/** The best common ancestor, or undefined for unrelated histories. */
export async function mergeBase(git: Git, path: string, one: ObjectId, other: ObjectId): Promise<ObjectId | undefined> {
  const { status, stdout } = await git.run(path, ['merge-base', one, other], { accept: [0, 1] })
  return status === 0 ? objectId(stdout.trim()) : undefined
}

/** How many commits `head` has that `base` has not. */
export async function countCommits(git: Git, path: string, base: ObjectId, head: ObjectId): Promise<number> {
  const { stdout } = await git.run(path, ['rev-list', '--count', `${base}..${head}`])
  return Number(stdout)
}
