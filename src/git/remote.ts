/** What talks to the server, besides pushes (`push.ts`): fetch, and the query for branches. */

import { OperatorError } from '../lib/errors.ts'
import { type Sha, sha } from '../lib/ids.ts'
import { GitError } from './git.ts'
import type { GitCommandOptions, GitCommandResult, RemoteAccess } from './git-options.ts'
import { type BranchName, validBranch } from './names.ts'
import { readFetched, recordAllRemoteHeads, recordRemoteHeads } from './recorded-heads.ts'
import { type BareRepository, git } from './repository.ts'

/** Milliseconds for one exchange with the server. A first fetch of a large repository takes minutes. */
const remoteTimeout = 30 * 60_000

/**
 * Old repositories hold objects with these faults, which do no harm to those who read them; history that the server has
 * is not ours to judge (git's fsck-msgids). What stays an error is what can hurt: trees with `.git`, `.` or `..`, links
 * in the place of git's own files, and submodules whose names or addresses are options.
 */
const harmless = [
  ...['badDate', 'badDateOverflow', 'badEmail', 'badName', 'badTimezone', 'badFilemode', 'emptyName'],
  ...['missingAuthor', 'missingCommitter', 'missingEmail', 'missingNameBeforeEmail', 'missingSpaceBeforeDate'],
  ...['missingSpaceBeforeEmail', 'missingTaggerEntry', 'multipleAuthors', 'badTagName', 'missingTag'],
  ...['zeroPaddedDate', 'zeroPaddedFilemode', 'nullSha1', 'treeNotSorted', 'gitmodulesParse', 'gitmodulesMissing'],
]

/** Where the state of a branch on the server is kept after a fetch. */
export function trackingRef(branch: BranchName): string {
  return `refs/remotes/origin/${branch}`
}

/**
 * Brings the server's branches into refs/remotes/origin/*, and drops those that are gone there. Module branches
 * (refs/heads/*) are never touched.
 * @param branches only these, where given; one that is gone at the server is dropped here
 * @throws {OperatorError} when the server cannot be reached, refuses us, or sends objects that fsck refuses.
 */
export async function fetchBranches(repository: BareRepository, branches?: readonly BranchName[]): Promise<void> {
  const wanted = branches ? new Set(branches) : undefined
  let tries = 3
  for (;;) {
    if (branches && wanted?.size === 0)
      return recordRemoteHeads(repository, new Map(branches.map((name) => [name, undefined])))
    try {
      await fetchOnce(repository, wanted)
      await recordFetched(repository, branches)
      return
    } catch (error) {
      const gone = wanted && error instanceof GitError ? missingBranch(error.stderr, wanted) : undefined
      if (gone !== undefined) {
        wanted?.delete(gone)
        await git(repository, ['update-ref', '--no-deref', '-d', trackingRef(gone)])
      } else if (!isOvertaken(error) || --tries === 0) {
        throw toOperatorError(repository, error)
      }
    }
  }
}

/** Of the branches asked for, those that the fetch did not bring are gone. */
async function recordFetched(repository: BareRepository, branches: readonly BranchName[] | undefined): Promise<void> {
  const fetched = await readFetched(repository)
  if (!branches) await recordAllRemoteHeads(repository, fetched)
  else await recordRemoteHeads(repository, new Map(branches.map((name) => [name, fetched.get(name)])))
}

/** True when another process fetched the same branch in this moment. */
function isOvertaken(error: unknown): boolean {
  return error instanceof GitError && /cannot lock ref .*: (?:is at|reference already exists)/.test(error.stderr)
}

async function fetchOnce(repository: BareRepository, wanted: Set<BranchName> | undefined): Promise<void> {
  const names = wanted ? [...wanted] : ['*']
  const specs = names.map((name) => `+refs/heads/${name}:refs/remotes/origin/${name}`)
  const flags = ['-q', '--no-tags', '--no-recurse-submodules', '--no-show-forced-updates']
  const prune = wanted ? [] : ['--prune']
  const run = (extra: string[]) =>
    onRemote(repository, 'read', ['fetch', ...flags, ...prune, ...extra, '--end-of-options', repository.url, ...specs])
  try {
    await run([])
  } catch (error) {
    // An object that a crash left empty or lost: fetch everything again instead of only what is new.
    if (!(error instanceof GitError) || !hasDamagedObjects(error.stderr)) throw error
    await run(['--refetch'])
  }
}

const damage = [
  'object file .* is empty',
  'loose object .* is corrupt',
  'missing (?:blob|tree|commit|object)',
  'bad object',
  'unable to read (?:tree|sha1|[0-9a-f]{40})',
  'did not send all necessary objects',
  'pack has bad object',
  'could not parse',
]

/** True when git complains about objects of ours and not about the server. */
function hasDamagedObjects(stderr: string): boolean {
  return new RegExp(damage.join('|'), 'i').test(stderr)
}

function missingBranch(stderr: string, wanted: ReadonlySet<BranchName>): BranchName | undefined {
  const name = /couldn't find remote ref refs\/heads\/(?<name>\S+)/.exec(stderr)?.groups?.name
  return [...wanted].find((branch) => branch === name)
}

/** Asks the server for one branch. @returns undefined when it has no such branch. */
export async function queryRemoteHead(repository: BareRepository, branch: BranchName): Promise<Sha | undefined> {
  return (await queryRemoteHeads(repository, [branch])).get(branch)
}

/**
 * Asks the server for branches.
 * @param patterns names, or `<name>/*` for everything below a name
 */
export async function queryRemoteHeads(
  repository: BareRepository,
  patterns: readonly string[],
): Promise<Map<string, Sha>> {
  const refs = patterns.map((pattern) => `refs/heads/${pattern}`)
  const args = ['ls-remote', '-q', '--end-of-options', repository.url, ...refs]
  const result = await onRemote(repository, 'read', args).catch((error: unknown) => {
    throw toOperatorError(repository, error)
  })
  const heads = new Map<string, Sha>()
  for (const line of result.stdout.toString('utf8').split('\n')) {
    const [id = '', ref = ''] = line.split('\t')
    // A pattern also matches the end of a longer name.
    const name = ref.slice('refs/heads/'.length)
    if (ref.startsWith('refs/heads/') && patterns.some((pattern) => fits(name, pattern))) heads.set(name, sha(id))
  }
  return heads
}

/** Asks the server which branch is its default. @returns undefined when it does not say, or names one that we refuse. */
export async function queryDefaultBranch(repository: BareRepository): Promise<BranchName | undefined> {
  const args = ['ls-remote', '-q', '--symref', '--end-of-options', repository.url, 'HEAD']
  const result = await onRemote(repository, 'read', args).catch((error: unknown) => {
    throw toOperatorError(repository, error)
  })
  const name = /^ref: refs\/heads\/(?<name>\S+)\tHEAD$/m.exec(result.stdout.toString('utf8'))?.groups?.name
  try {
    return name === undefined ? undefined : validBranch(name)
  } catch {
    return undefined
  }
}

function fits(name: string, pattern: string): boolean {
  return pattern.endsWith('/*') ? name.startsWith(pattern.slice(0, -1)) : name === pattern
}

/**
 * Runs git against the server, with a token for this repository. Where the server refuses the token, git is run once more with
 * another one: it may have ended before its time, as when an installation was suspended for a while.
 * @throws {GitError} as `runGit` does; `toOperatorError` says it in plain English.
 */
export async function onRemote(
  repository: BareRepository,
  need: 'read' | 'write',
  args: readonly string[],
  options: Pick<GitCommandOptions, 'accept'> = {},
): Promise<GitCommandResult> {
  const access: Omit<RemoteAccess, 'token'> = {
    askpass: repository.askpass,
    origin: tokenOrigin(repository),
    proxy: repository.proxy,
    caFile: repository.caFile,
    allowLocal: repository.allowLocal,
  }
  const fsck = { check: repository.fsck, allow: harmless }
  const run = (token: string | undefined) =>
    git(repository, args, { ...options, remote: { ...access, token }, timeout: remoteTimeout, fsck })
  const token = await repository.token(need)
  const [first] = await Promise.allSettled([run(token)])
  const { stderr = '' } = first.status === 'fulfilled' ? first.value : first.reason
  if (token !== undefined && credentialsRefused.test(stderr)) {
    const another = await repository.token(need, token)
    if (another !== token) return run(another)
  }
  if (first.status === 'rejected') throw first.reason
  return first.value
}

/** What git says when the server takes our token for nobody's, or for one that may not. */
const credentialsRefused =
  /Authentication failed|could not read (?:Username|Password)|unable to read askpass|error: 403|error: 401/

/** As git writes it in `Password for 'https://x-access-token@github.com': `. */
function tokenOrigin(repository: BareRepository): string {
  if (!repository.url.startsWith('http')) return 'none'
  const { protocol, host } = new URL(repository.url)
  return `${protocol}//x-access-token@${host}`
}

/** Says in plain English what is wrong with the server, where git's message shows it. */
export function toOperatorError(repository: BareRepository, error: unknown): unknown {
  if (!(error instanceof GitError)) return error
  const text = error.stderr
  if (/fsck error/.test(text)) {
    const hint =
      'A branch of the repository holds an object that could hurt whoever checks it out. Delete that branch, or mend it.'
    return new OperatorError(`${error.message}: ${repository.url}`, hint, { cause: error })
  }
  const problem = problems.find(([pattern]) => pattern.test(text))
  if (!problem) return error
  return new OperatorError(`${problem[1]}: ${repository.url}`, problem[2], { cause: error })
}

const problems: readonly (readonly [RegExp, string, string])[] = [
  [
    credentialsRefused,
    'the git server refused our credentials',
    'Check that the app is installed on the repository and may read and write its contents.',
  ],
  [
    /unable to update url base from redirection|error: 30\d/,
    'the git server sends us to another address, which we do not follow',
    'The repository may have been renamed: use its present address.',
  ],
  [
    /repository '.*' not found|does not appear to be a git repository|error: 404/i,
    'there is no such repository on the git server',
    'Check the address and that the app is installed on the repository.',
  ],
  [
    /unable to access|Could not resolve|Failed to connect|Connection (?:refused|reset)|timed out|early EOF|unexpected disconnect|hung up/i,
    'the git server cannot be reached',
    'Check the network and the address; the next attempt goes on from here.',
  ],
]
