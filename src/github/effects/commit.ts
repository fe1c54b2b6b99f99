/**
 * Commits made through GitHub's API, which signs what an app makes without naming an author. The tree that GitHub builds
 * must have the id of ours: so modes, links, deletions, renames and binary files are exactly what the gates have judged.
 * Limits: 40 MB for one file, and three writes to GitHub for a commit, one more for each file that is not short text.
 */

import type { EffectOf } from '../../domain/effects.ts'
import { UserError } from '../../lib/errors.ts'
import { isGone } from '../http-status.ts'
import type { EffectContext, EffectHandler, EffectResult } from './lib/handler.ts'

type Payload = EffectOf<'commit'>['payload']

/** Text up to here goes into the request for the tree; the rest becomes a blob first. */
const inlineBytes = 64 * 1024
const inlineTotal = 2 * 1024 * 1024

/** Makes the commit and moves the branch to it. The result is its id, and whether GitHub has signed it. */
export const effect: EffectHandler<'commit'> = {
  kind: 'commit',
  async publish(payload, context) {
    const { octokit, at, before, mayExist, clean } = context
    if (before.verified === true) return before
    const found = mayExist ? await findCommit(payload, context) : undefined
    if (found) return found
    const { branch, parents, expected } = payload
    const tree = await createTree(payload, context)
    if (tree !== payload.tree) throw new UserError(`GitHub made the tree ${tree} where ${payload.tree} was expected`)
    const message = clean(payload.message)
    const { data } = await octokit.rest.git.createCommit({ ...at, message, tree, parents })
    const result = { sha: data.sha, verified: data.verification.verified }
    if (!result.verified) return result
    if (expected === null) await octokit.rest.git.createRef({ ...at, ref: `refs/heads/${branch}`, sha: data.sha })
    else await octokit.rest.git.updateRef({ ...at, ref: `heads/${branch}`, sha: data.sha, force: false })
    return result
  },
}

/** The commit of an earlier attempt whose answer was lost: the branch is at it already. */
async function findCommit(payload: Payload, context: EffectContext): Promise<EffectResult | undefined> {
  const found = await headAsWanted(payload, context)
  if (!found) context.notFound()
  return found
}

async function headAsWanted(
  { branch, tree, parents }: Payload,
  { octokit, at }: EffectContext,
): Promise<EffectResult | undefined> {
  try {
    const ref = await octokit.rest.git.getRef({ ...at, ref: `heads/${branch}` })
    const { data } = await octokit.rest.git.getCommit({ ...at, commit_sha: ref.data.object.sha })
    const same = data.tree.sha === tree && data.parents.map((parent) => parent.sha).join() === parents.join()
    return same ? { sha: data.sha, verified: data.verification.verified } : undefined
  } catch (error) {
    if (!isGone(error)) throw error
    return undefined
  }
}

async function createTree({ commit, parents }: Payload, context: EffectContext): Promise<string> {
  const { octokit, at, commitFiles } = context
  const { baseTree, files } = await commitFiles(commit, parents[0] ?? '')
  let inline = 0
  const tree = []
  for (const { path, mode, content } of files) {
    const entry = { path, mode, type: 'blob' as const }
    if (content === null) tree.push({ ...entry, sha: null })
    else if (content.length <= inlineBytes && inline + content.length <= inlineTotal && isText(content)) {
      inline += content.length
      tree.push({ ...entry, content: content.toString('utf8') })
    } else {
      const blob = { content: content.toString('base64'), encoding: 'base64' }
      tree.push({ ...entry, sha: (await octokit.rest.git.createBlob({ ...at, ...blob })).data.sha })
    }
  }
  return (await octokit.rest.git.createTree({ ...at, base_tree: baseTree, tree })).data.sha
}

/** Whether JSON gives the same bytes back. */
function isText(content: Buffer): boolean {
  return !content.includes(0) && Buffer.from(content.toString('utf8'), 'utf8').equals(content)
}
