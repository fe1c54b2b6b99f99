/**
 * Fills the folders of submodules in a checkout. Only from the same server, and without credentials: what a person may
 * write into `.gitmodules` must not become readable through an agent that they could not read themselves. The files come
 * without a `.git`, so nothing in them is taken for a repository, and the agent cannot commit there.
 */

import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, realpath, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Sha, sha } from '../lib/ids.ts'
import { readFileAt, resolveCommit } from './history.ts'
import { initBareClone } from './init.ts'
import { type TreePath, validPath } from './names.ts'
import { onRemote } from './remote.ts'
import { type BareRepository, git } from './repository.ts'

/** A submodule of a checkout, and why its folder is empty; no `problem` where it is filled. */
export interface FilledSubmodule {
  path: string
  /** `host`: it is on another server. `unreadable`: it cannot be fetched without credentials, or lacks the commit. */
  problem?: 'host' | 'unreadable'
}

interface Submodule {
  path: TreePath
  url: string
  commit: Sha
}

/**
 * Fills what is empty of the submodules that a commit names. Submodules inside submodules stay empty.
 * @param tree a checkout of the commit; the caller knows that no agent works in it.
 */
export async function fillSubmodules(
  repository: BareRepository,
  commit: Sha,
  tree: string,
): Promise<FilledSubmodule[]> {
  const filled: FilledSubmodule[] = []
  for (const one of await readSubmodules(repository, commit)) {
    const problem = await fill(repository, one, tree)
    filled.push(problem ? { path: one.path, problem } : { path: one.path })
  }
  return filled
}

async function fill(
  repository: BareRepository,
  { path, url, commit }: Submodule,
  tree: string,
): Promise<FilledSubmodule['problem']> {
  const folder = join(tree, path)
  if (!(await isEmptyFolder(folder))) return undefined
  const address = sameServer(repository.url, url)
  if (!address) return 'host'
  try {
    const source = await initBareClone({
      directory: join(
        repository.directory,
        'submodules',
        createHash('sha256').update(address).digest('hex').slice(0, 24),
      ),
      cloneUrl: address,
      token: async () => undefined,
      ...{ fsck: repository.fsck, allowLocal: repository.allowLocal, allowHttp: address.startsWith('http:') },
      ...{ proxy: repository.proxy, caFile: repository.caFile, start: repository.start },
    })
    if (!(await resolveCommit(source, commit))) await fetchCommit(source, commit)
    await exportTree(source, commit, folder)
    return undefined
  } catch {
    return 'unreadable'
  }
}

/** The submodules of a commit that have a path, an address and a commit. */
async function readSubmodules(repository: BareRepository, commit: Sha): Promise<Submodule[]> {
  // Nearly every attempt asks this about a base that others have asked about, and a start of git takes 5 to 10 ms.
  if (repository.withoutSubmodules.has(commit)) return []
  const text = await readFileAt(repository, commit, validPath('.gitmodules'))
  if (text === undefined) {
    repository.withoutSubmodules.add(commit)
    return []
  }
  const named = parseGitmodules(text)
  if (named.length === 0) return []
  const args = ['ls-tree', '-z', '--full-tree', '--end-of-options', commit, ...named.map(({ path }) => path)]
  const { stdout } = await git(repository, args)
  const commits = new Map<string, Sha>()
  for (const line of stdout.toString('utf8').split('\0')) {
    const match = /^160000 commit (?<id>[0-9a-f]+)\t(?<path>.+)$/s.exec(line)
    if (match?.groups?.path) commits.set(match.groups.path, sha(match.groups.id ?? ''))
  }
  return named.flatMap((one) => {
    const at = commits.get(one.path)
    return at ? [{ ...one, commit: at }] : []
  })
}

/** Path and address of each section of a `.gitmodules`; a section that git would refuse is left out. */
export function parseGitmodules(text: string): { path: TreePath; url: string }[] {
  const found: { path: TreePath; url: string }[] = []
  for (const section of text.split(/^\s*\[/m).slice(1)) {
    const value = (key: string) => new RegExp(`^\\s*${key}\\s*=\\s*"?(?<value>[^"\\n]*?)"?\\s*$`, 'm').exec(section)
    const [path, url] = [value('path')?.groups?.value, value('url')?.groups?.value]
    if (!section.startsWith('submodule') || !path || !url) continue
    try {
      found.push({ path: validPath(path), url })
    } catch {
      // A path that no checkout of ours has.
    }
  }
  return found
}

/**
 * The address of a submodule, if it is on the server of its parent. An address for ssh is read as the same one for http.
 * @param parent the clone address of the repository.
 */
export function sameServer(parent: string, url: string): string | undefined {
  const ssh = /^(?:ssh:\/\/)?(?:[\w.-]+@)(?<host>[\w.-]+)(?::\d+)?[:/](?<path>[\w./-]+)$/.exec(url)?.groups
  const relative = /^\.\.?\//.test(url)
  if (parent.startsWith('/')) return relative ? join(parent, url) : url.startsWith('/') ? url : undefined
  const base = new URL(parent)
  const text = ssh ? `${base.protocol}//${ssh.host}${base.port ? `:${base.port}` : ''}/${ssh.path}` : url
  const from = relative ? `${parent}/` : undefined
  if (!URL.canParse(text, from)) return undefined
  const address = new URL(text, from)
  const plain = address.username === '' && address.password === ''
  return plain && address.protocol === base.protocol && address.host === base.host ? address.href : undefined
}

async function isEmptyFolder(folder: string): Promise<boolean> {
  try {
    return (await realpath(folder)) === folder && (await readdir(folder)).length === 0
  } catch {
    return false
  }
}

async function fetchCommit(source: BareRepository, commit: Sha): Promise<void> {
  const flags = ['-q', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head', '--depth=1']
  await source.locks.runExclusive('fetch', () =>
    onRemote(source, 'read', ['fetch', ...flags, '--end-of-options', source.url, commit]),
  )
}

/** Writes the files of a commit into an empty folder. */
async function exportTree(source: BareRepository, commit: Sha, folder: string): Promise<void> {
  const index = join(source.privateDir, `export-${randomUUID()}`)
  await mkdir(folder, { recursive: true })
  try {
    await git(source, ['read-tree', commit], { index })
    await git(source, ['checkout-index', '-a', '-f', '-q'], { index, workTree: folder })
  } finally {
    await rm(index, { force: true })
  }
}
