/**
 * Brings in commits that an agent made in a repository of its own. That repository is data to us. No git of ours runs
 * in it, since git would obey its configuration (a promisor remote with an `ext::` address, for one). Its tip is read
 * as a file. Its objects are packed by a git that runs in the bare clone and only reads the other object folder.
 */

import { constants } from 'node:fs'
import { open, readlink, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { OperatorError } from '../lib/errors.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { type ChangedFile, readChanges, readChangesPerCommit } from './changes.ts'
import { isAncestorOf, listFilesAt, moveBranch, readLog, resolveCommit, restoreBranch } from './history.ts'
import { checkImport, type ImportPolicy, type Violation } from './import-policy.ts'
import type { BranchName } from './names.ts'
import { addsPath, unportableNames } from './portable-names.ts'
import { type BareRepository, git } from './repository.ts'

/** What came of an import. `diverged`: the agent's commits do not build on the branch. */
export type ImportResult =
  | { kind: 'imported'; sha: Sha; changes: ChangedFile[] }
  | { kind: 'unchanged'; sha: Sha }
  | { kind: 'diverged'; sha: Sha }
  | { kind: 'refused'; violations: Violation[] }

/** Most commits that one import may bring. */
const maxCommits = 500
/** Most bytes of objects; the pack of an ordinary run is far below. */
const maxPackBytes = 512 * 1024 * 1024

/**
 * Brings an agent's commits onto a module branch, if they build on it. Every object is checked as a server checks a
 * push. The import policy checks every commit, not only the last.
 * @param source a folder with a repository, or a bundle file made with `git bundle create <file> <branch>`
 * @throws {OperatorError} when the source has no such branch, or objects that fsck refuses.
 */
export async function importFrom(
  repository: BareRepository,
  source: string,
  branch: BranchName,
  policy: ImportPolicy = {},
): Promise<ImportResult> {
  return repository.locks.runExclusive(`branch ${branch}`, async () => {
    const tip = await restoreBranch(repository, branch)
    if (!tip) throw new OperatorError(`there is no branch ${branch} to import to`)
    const place = resolve(source)
    const folder = (await stat(place)).isDirectory()
    const commit = folder
      ? await importFolder(repository, place, branch, tip)
      : await importBundle(repository, place, branch)
    if (commit === tip) return { kind: 'unchanged', sha: tip }
    if (!(await isAncestorOf(repository, tip, commit))) return { kind: 'diverged', sha: commit }
    const violations = await checkCommits(repository, tip, commit, policy)
    if (violations.length > 0) return { kind: 'refused', violations }
    const changes = await readChanges(repository, tip, commit)
    await moveBranch(repository, branch, { from: tip, to: commit, reason: 'import' })
    return { kind: 'imported', sha: commit, changes }
  })
}

async function importFolder(repository: BareRepository, source: string, branch: BranchName, tip: Sha): Promise<Sha> {
  const commit = await readScratchTip(source, branch)
  if (!commit) throw new OperatorError(`the agent's repository has no branch ${branch}`)
  await copyObjects(repository, source, commit, tip)
  return commit
}

async function checkCommits(
  repository: BareRepository,
  tip: Sha,
  commit: Sha,
  policy: ImportPolicy,
): Promise<Violation[]> {
  const log = await readLog(repository, { base: tip, head: commit }, maxCommits + 1)
  if (log.length > maxCommits) {
    return [{ path: '', kind: 'count', reason: `more than ${maxCommits} commits` }]
  }
  const each = await readChangesPerCommit(
    repository,
    log.map((one) => one.sha),
  )
  const names = each.some(addsPath) ? unportableNames(each, await listFilesAt(repository, commit)) : []
  return [...checkImport(each, policy), ...names]
}

/**
 * Reads where a branch is in a repository that is not ours, as text.
 * @returns undefined when there is no such branch, or it is kept in a way we do not read.
 */
export async function readScratchTip(path: string, branch: BranchName): Promise<Sha | undefined> {
  const ref = `refs/heads/${branch}`
  for (const gitDir of [join(path, '.git'), path]) {
    const loose = (await readPlain(join(gitDir, ref)))?.trim()
    if (loose && isId(loose)) return sha(loose)
    const packed = (await readPlain(join(gitDir, 'packed-refs'))) ?? ''
    const line = packed.split('\n').find((text) => text.endsWith(` ${ref}`))
    const id = line?.slice(0, line.indexOf(' '))
    if (id && isId(id)) return sha(id)
  }
  return undefined
}

function isId(text: string): boolean {
  return /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(text)
}

/** Reads a file of the agent's, if it is a plain one of moderate size and no link led to it. */
async function readPlain(file: string): Promise<string | undefined> {
  const handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK).catch(
    () => undefined,
  )
  if (!handle) return undefined
  try {
    const found = await handle.stat()
    const real = await readlink(`/proc/self/fd/${handle.fd}`).catch(() => file)
    if (!found.isFile() || found.size > 8 * 1024 * 1024 || real !== file) return undefined
    return await handle.readFile('utf8')
  } finally {
    await handle.close()
  }
}

/**
 * Copies the objects that `commit` has and the bare clone lacks, checked with `index-pack --strict`.
 * @param tip a commit that both have, which keeps the pack small
 */
export async function copyObjects(
  repository: BareRepository,
  source: string,
  commit: Sha,
  tip: Sha | undefined,
): Promise<void> {
  const objects = (await stat(join(source, '.git')).catch(() => undefined))?.isDirectory()
    ? join(source, '.git', 'objects')
    : join(source, 'objects')
  if (objects.includes(':') || objects.includes('"')) throw new OperatorError(`a path that git cannot take: ${objects}`)
  const pack = await git(repository, ['pack-objects', '--revs', '--stdout', '-q', '--thin'], {
    alternates: objects,
    input: `${commit}\n${tip ? `^${tip}\n` : ''}`,
    maxBytes: maxPackBytes,
  })
  await git(repository, ['index-pack', '--stdin', '--strict', '--fix-thin'], {
    input: pack.stdout,
    fsck: { check: true, allow: [] },
  })
}

async function importBundle(repository: BareRepository, source: string, branch: BranchName): Promise<Sha> {
  const ref = `refs/tutti/import/${branch}`
  const flags = ['-q', '--no-tags', '--no-recurse-submodules', '--no-write-fetch-head']
  // A bundle is a list of refs and a pack: nothing in it is configuration. No token goes along.
  const remote = { askpass: 'false', origin: 'none', token: undefined, allowLocal: true }
  await git(repository, ['fetch', ...flags, '--end-of-options', source, `+refs/heads/${branch}:${ref}`], {
    remote,
    fsck: { check: true, allow: [] },
  })
  const commit = await resolveCommit(repository, ref)
  await git(repository, ['update-ref', '--no-deref', '-d', ref])
  if (!commit) throw new OperatorError(`the bundle has no branch ${branch}`)
  return commit
}
