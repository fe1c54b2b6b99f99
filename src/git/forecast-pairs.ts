/** Tries many merges with one start of git. */

import { type Sha, sha } from '../lib/ids.ts'
import { GitError } from './git.ts'
import { forecastMerge, type MergeForecast } from './history.ts'
import { type BareRepository, git } from './repository.ts'

/**
 * As `forecastMerge`, for each pair in its order: git needs some milliseconds for a merge, and as many again to start.
 */
export async function forecastPairs(
  repository: BareRepository,
  pairs: readonly (readonly [Sha, Sha])[],
): Promise<MergeForecast[]> {
  const results: MergeForecast[] = []
  for (let at = 0; at < pairs.length; at += mostPairs)
    results.push(...(await forecastSome(repository, pairs.slice(at, at + mostPairs))))
  return results
}

/** git keeps the trees of every merge until it ends, and slows down. */
const mostPairs = 64

async function forecastSome(
  repository: BareRepository,
  pairs: readonly (readonly [Sha, Sha])[],
): Promise<MergeForecast[]> {
  const args = ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', '--stdin']
  const input = pairs.map(([one, other]) => `${one} ${other}\n`).join('')
  try {
    return parse((await git(repository, args, { input, accept: [1] })).stdout.toString('utf8'), pairs.length)
  } catch (error) {
    if (!(error instanceof GitError)) throw error
    // One pair that cannot be merged at all ends git: each is tried by itself.
    const results: MergeForecast[] = []
    for (const [one, other] of pairs) results.push(await forecastMerge(repository, one, other))
    return results
  }
}

/** Each merge is `<1: clean, 0: conflict> NUL <tree> NUL`, the paths, each with a NUL, and one more NUL. */
function parse(output: string, count: number): MergeForecast[] {
  const words = output.split('\0')
  const results: MergeForecast[] = []
  let at = 0
  while (results.length < count && at + 1 < words.length) {
    const clean = words[at]?.trim() === '1'
    const tree = sha(words[at + 1] ?? '')
    at += 2
    const conflicts: string[] = []
    for (; words[at] !== undefined && words[at] !== ''; at++) conflicts.push(words[at] ?? '')
    at++
    results.push(clean ? { clean, tree } : { clean: false, conflicts, tree })
  }
  if (results.length !== count) throw new Error(`git has answered ${results.length} of ${count} merges`)
  return results
}
