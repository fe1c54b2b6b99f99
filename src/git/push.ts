/** Pushes to the server, and what came of each. */

import { type PushRefusal, readRefusal } from '../domain/push-refusal.ts'
import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { GitError } from './git.ts'
import type { GitCommandResult } from './git-options.ts'
import type { BranchName } from './names.ts'
import { recordRemoteHeads } from './recorded-heads.ts'
import { onRemote, queryRemoteHead, queryRemoteHeads, toOperatorError, trackingRef } from './remote.ts'
import { type BareRepository, git } from './repository.ts'

/** What the server's branch must be for a push to happen; see `BareClone.push`. */
export type ExpectedHead = Sha | null | 'any-ancestor'

/**
 * What came of a push. `moved`: the server's branch is another commit, `head`, or gone. `refused`: the server said no,
 * and the same push would be refused again.
 */
export type PushOutcome =
  | { kind: 'pushed' }
  | { kind: 'up-to-date' }
  | { kind: 'moved'; head: Sha | undefined }
  | { kind: 'refused'; refusal: PushRefusal }

/**
 * Pushes one commit to one branch. Nothing was changed when it is not `pushed`.
 * @param expected `'any-ancestor'`: what the server has must be an ancestor (a plain push). A sha: the server must have
 *   exactly that, and may lose it (a rebase). null: the branch must not exist there.
 * @throws {OperatorError} when the server cannot be reached, or fails in a way that time mends.
 */
export async function pushBranch(
  repository: BareRepository,
  branch: BranchName,
  commit: Sha,
  expected: ExpectedHead,
): Promise<PushOutcome> {
  const leases = expected === 'any-ancestor' ? [] : [lease(branch, expected)]
  const answer = await pushSpec(repository, branch, commit, leases)
  const outcome =
    answer.kind === 'not-updated' ? await explain(repository, { branch, commit, expected }, answer) : answer
  if (outcome.kind === 'pushed' || outcome.kind === 'up-to-date') await noteRemote(repository, branch, commit)
  return outcome
}

/**
 * Deletes a branch on the server if it is still at `expected`.
 * @returns `'gone'` when it was not there any more, `'moved'` when it is at another commit, which then stays.
 * @throws {OperatorError} when the server cannot be reached, or a rule forbids it.
 */
export async function deleteBranch(
  repository: BareRepository,
  branch: BranchName,
  expected: Sha,
): Promise<'deleted' | 'gone' | 'moved'> {
  const answer = await pushSpec(repository, branch, undefined, [lease(branch, expected)])
  if (answer.kind === 'refused') throw refusedError(branch, answer.refusal)
  const after = answer.kind === 'not-updated' ? await queryRemoteHead(repository, branch) : undefined
  if (after) return 'moved'
  await noteRemote(repository, branch, undefined)
  return answer.kind === 'not-updated' ? 'gone' : 'deleted'
}

/** Notes where the server's branch is now; undefined: gone. */
async function noteRemote(repository: BareRepository, branch: BranchName, commit: Sha | undefined): Promise<void> {
  const ref = trackingRef(branch)
  await git(repository, ['update-ref', '--no-deref', ...(commit ? [ref, commit] : ['-d', ref])])
  await recordRemoteHeads(repository, new Map([[branch, commit]]))
}

function refusedError(branch: BranchName, { words, kind }: PushRefusal): OperatorError {
  const said = words || kind
  return new OperatorError(
    `the git server refused the push to ${branch}: ${said}`,
    'A branch rule or a hook of the server may forbid it.',
  )
}

function lease(branch: BranchName, expected: Sha | null): string {
  return `--force-with-lease=refs/heads/${branch}:${expected ?? ''}`
}

/** What git says of one push; `not-updated`: the server's branch was not what was expected, whatever the reason. */
type Answer = Exclude<PushOutcome, { kind: 'moved' }> | { kind: 'not-updated'; summary: string; words: string }

async function pushSpec(
  repository: BareRepository,
  branch: BranchName,
  commit: Sha | undefined,
  leases: string[],
): Promise<Answer> {
  const flags = ['--porcelain', '--no-verify', '--no-recurse-submodules', '--no-signed']
  const spec = `${commit ?? ''}:refs/heads/${branch}`
  const args = ['push', ...flags, ...leases, '--end-of-options', repository.url, spec]
  const result = await onRemote(repository, 'write', args, { accept: [1, 128] }).catch((error: unknown) => {
    throw toOperatorError(repository, error)
  })
  return readPush(repository, branch, result)
}

/** The server's branch is another commit than expected, or another push was under way at the same time. */
const notExpected =
  /\((?:non-fast-forward|fetch first|stale info|needs force|already exists|remote ref updated since checkout)\)|cannot lock ref|failed to update ref|remote ref does not exist|incorrect old value/

/** Porcelain lines are `<flag>\t<from>:<to>\t<summary>`; what the server wrote is on standard error, as `remote: …`. */
function readPush(repository: BareRepository, branch: BranchName, result: GitCommandResult): Answer {
  const lines = result.stdout.toString('utf8').split('\n')
  const line = lines.find((text) => /^[ +\-*=!]\t/.test(text) && text.includes(`:refs/heads/${branch}\t`))
  if (line?.startsWith('=')) return { kind: 'up-to-date' }
  if (line && !line.startsWith('!')) return { kind: 'pushed' }
  const summary = line?.split('\t')[2]?.trim() ?? ''
  const words = remoteLines(result.stderr)
  if (notExpected.test(summary)) return { kind: 'not-updated', summary, words }
  const failure = new GitError('push', result.code, result.stderr)
  // Without a line, git did not get as far as the branch: only a plain "no" of the server is for good.
  const refusal = line || isForbidden(result.stderr) ? readRefusal(summary, words || summary) : undefined
  if (refusal) return { kind: 'refused', refusal: line ? refusal : { ...refusal, kind: 'permission' } }
  if (!line) throw toOperatorError(repository, failure)
  throw new OperatorError(`the git server could not take the push to ${branch}: ${summary}`, 'It is tried again.', {
    cause: failure,
  })
}

function isForbidden(stderr: string): boolean {
  return /error: 403\b/.test(stderr)
}

function remoteLines(stderr: string): string {
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('remote:'))
    .join('\n')
}

/**
 * Asks the server what is there. Our own commit: the push was applied, and its answer was lost. A branch whose name
 * cannot stand beside ours: git reports it as it reports a lost race.
 */
async function explain(
  repository: BareRepository,
  { branch, commit, expected }: { branch: BranchName; commit: Sha; expected: ExpectedHead },
  { summary, words }: { summary: string; words: string },
): Promise<PushOutcome> {
  const folders = prefixesOf(branch)
  const heads = await queryRemoteHeads(repository, [branch, ...folders, `${branch}/*`])
  const head = heads.get(branch)
  if (head === commit) return { kind: 'pushed' }
  const [inTheWay] = [...heads.keys()].filter((name) => name !== branch)
  if (!head && inTheWay) {
    const refusal = readRefusal(summary, words || summary)
    return { kind: 'refused', refusal: { words: refusal?.words ?? summary, kind: 'blocked-name', inTheWay } }
  }
  // No branch is there, and none was to be there: someone held a lock for a moment.
  if (!head && (expected === null || expected === 'any-ancestor'))
    throw new OperatorError(`the git server could not take the push to ${branch}: ${summary}`, 'It is tried again.')
  return { kind: 'moved', head }
}

/** `a/b/c` gives `a` and `a/b`. */
function prefixesOf(branch: string): string[] {
  const parts = branch.split('/')
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'))
}
