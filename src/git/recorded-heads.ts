/**
 * Where Tutti itself has put branches, and what it has itself fetched. Refs below `control.git` can be moved by an agent
 * that uses git in its tree (`git commit`, `git update-ref`), as long as no sandbox keeps it out. So they are a view for
 * people and for git; what counts is written down here, out of the tree's reach.
 */

import { createHash } from 'node:crypto'
import { mkdir, readFile, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { type Sha, sha } from '../lib/ids.ts'
import { replaceFile } from './files.ts'
import type { BranchName } from './names.ts'
import type { BareRepository } from './repository.ts'

/** Where a branch is. `next`: where it is being moved to; after a crash the ref shows whether it got there. */
export interface RecordedHead {
  at: Sha
  next?: Sha
}

function headFile(repository: BareRepository, branch: BranchName): string {
  const name = createHash('sha256').update(branch).digest('hex').slice(0, 24)
  return join(repository.privateDir, 'heads', name)
}

/** Where Tutti has put a branch; undefined for one that it never moved. */
export async function readRecordedHead(
  repository: BareRepository,
  branch: BranchName,
): Promise<RecordedHead | undefined> {
  const text = await readFile(headFile(repository, branch), 'utf8').catch(() => '')
  const [at, next] = text.split(/\s+/).filter(Boolean).map(sha)
  return at && { at, ...(next ? { next } : {}) }
}

/** Writes down where a branch is; undefined: it is deleted. */
export async function recordHead(
  repository: BareRepository,
  branch: BranchName,
  head: RecordedHead | undefined,
): Promise<void> {
  const file = headFile(repository, branch)
  if (!head) {
    await rm(file, { force: true })
    return
  }
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await replaceFile(file, `${[head.at, head.next].filter(Boolean).join(' ')}\n`)
}

/** The branches of the server: name → commit, as of the last fetch or push. */
type RemoteHeads = ReadonlyMap<string, Sha>

/** The file's text is parsed once for each time it is written. */
const parsed = new Map<string, { version: string; url: string; heads: RemoteHeads }>()

/** Where these are written: its age says when something was last fetched or pushed. */
export function remoteHeadsFile(repository: BareRepository): string {
  return join(repository.privateDir, 'remote-heads')
}

/** What was fetched from the server; undefined when that was never done in full, or from another address. */
export async function readRemoteHeads(repository: BareRepository): Promise<RemoteHeads | undefined> {
  const file = remoteHeadsFile(repository)
  const found = await stat(file, { bigint: true }).catch(() => undefined)
  if (!found) return undefined
  const version = `${found.ino} ${found.mtimeNs} ${found.size}`
  const known = parsed.get(file)
  const current = known?.version === version ? known : { version, ...parseHeads(await readFile(file, 'utf8')) }
  parsed.set(file, current)
  return current.url === repository.url ? current.heads : undefined
}

/** The first line is the address; each other one is `<commit> <branch>`. */
function parseHeads(text: string): { url: string; heads: RemoteHeads } {
  const [url = '', ...lines] = text.split('\n')
  const heads = new Map<string, Sha>()
  for (const line of lines) {
    const end = line.indexOf(' ')
    if (end > 0) heads.set(line.slice(end + 1), sha(line.slice(0, end)))
  }
  return { url, heads }
}

/** Where a branch of the server was at the last fetch or push; undefined when there is none. */
export async function recordedRemoteHead(repository: BareRepository, branch: BranchName): Promise<Sha | undefined> {
  return (await readRemoteHeads(repository))?.get(branch)
}

/** Writes down all branches of the server. */
export async function recordAllRemoteHeads(repository: BareRepository, heads: RemoteHeads): Promise<void> {
  await repository.locks.runExclusive('remote-heads', () => write(repository, heads))
}

/** Writes down some branches of the server; undefined: it is gone. Without a fetch of everything there is no list yet. */
export async function recordRemoteHeads(
  repository: BareRepository,
  changed: ReadonlyMap<string, Sha | undefined>,
): Promise<void> {
  await repository.locks.runExclusive('remote-heads', async () => {
    const known = await readRemoteHeads(repository)
    if (!known) return
    const heads = new Map<string, Sha>(known)
    for (const [branch, commit] of changed) {
      if (commit) heads.set(branch, commit)
      else heads.delete(branch)
    }
    await write(repository, heads)
  })
}

async function write(repository: BareRepository, heads: RemoteHeads): Promise<void> {
  const lines = [...heads].map(([branch, commit]) => `${commit} ${branch}\n`)
  await replaceFile(remoteHeadsFile(repository), `${repository.url}\n${lines.join('')}`)
}

/** What the fetch that just ended has brought: `<commit>\t[not-for-merge]\tbranch '<name>' of <address>`. */
export async function readFetched(repository: BareRepository): Promise<Map<string, Sha>> {
  const text = await readFile(join(repository.gitDir, 'FETCH_HEAD'), 'utf8')
  const heads = new Map<string, Sha>()
  for (const line of text.split('\n')) {
    const match = /^(?<commit>[0-9a-f]{40,64})\t(?:not-for-merge)?\tbranch '(?<name>.+)' of /.exec(line)
    if (match?.groups?.name) heads.set(match.groups.name, sha(match.groups.commit ?? ''))
  }
  return heads
}
