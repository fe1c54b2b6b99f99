/**
 * Commits that the server does not have, on their way to the clone of another process: packed here, unpacked and checked
 * there. Both have fetched from the same server, which keeps a pack as small as the change.
 */

import { OperatorError } from '../lib/errors.ts'
import type { Sha } from '../lib/ids.ts'
import { readRemoteHeads } from './recorded-heads.ts'
import { type BareRepository, git } from './repository.ts'

/** A pack goes through the database as text: a larger one would be felt by everybody. */
const maxPackBytes = 32 * 1024 * 1024

/**
 * All objects of a commit that no branch of the server has, as of the last fetch or push.
 * @throws {OperatorError} when they are larger than 32 MiB.
 */
export async function packCommit(repository: BareRepository, commit: Sha): Promise<Buffer> {
  const heads = new Set((await readRemoteHeads(repository))?.values())
  const excluded = (await present(repository, [...heads])).filter((head) => head !== commit)
  const { stdout, cut } = await git(repository, ['pack-objects', '--revs', '--stdout', '-q'], {
    input: [commit, ...excluded.map((head) => `^${head}`), ''].join('\n'),
    maxBytes: maxPackBytes,
    cut: true,
  })
  if (!cut) return stdout
  throw new OperatorError(
    `not supported yet: a change of more than ${maxPackBytes / 2 ** 20} MB where processes have their own DATA_DIR`,
    'Run this repository with one process, or with SHARE_DATA_DIR=true.',
  )
}

/** Those that can be read here: git gives up at the first one that it does not know. */
async function present(repository: BareRepository, commits: readonly Sha[]): Promise<Sha[]> {
  if (commits.length === 0) return []
  const { stdout } = await git(repository, ['cat-file', '--batch-check'], { input: `${commits.join('\n')}\n` })
  const lines = stdout.toString('utf8').split('\n')
  return commits.filter((_, at) => lines[at]?.includes(' commit '))
}

/** Takes in a pack. Every object is checked as a server checks a push. @throws {OperatorError} when git refuses it. */
export async function unpackCommit(repository: BareRepository, pack: Buffer): Promise<void> {
  await git(repository, ['index-pack', '--stdin', '--strict', '--fix-thin'], {
    input: pack,
    fsck: { check: true, allow: [] },
  })
}
