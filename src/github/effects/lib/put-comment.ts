/** One comment that is edited as its text changes. */

import { isGone } from '../../http-status.ts'
import { findMarked } from './find-marked.ts'
import type { EffectContext, EffectResult } from './handler.ts'
import { ending, fingerprintOf } from './marker.ts'

/**
 * Makes the comment of this key read as `text`, and creates it where there is none.
 * @param issueNumber of an issue or a pull request.
 * @param options.single an issue has one comment of this kind: the numbers in its marker may differ after a restore.
 */
export async function putComment(
  issueNumber: number,
  text: string,
  context: EffectContext,
  options: { single?: boolean } = {},
): Promise<EffectResult> {
  const { octokit, at, before, mayExist } = context
  const body = context.clean(text, ending(context.key))
  const fingerprint = fingerprintOf(body)
  if (before.fingerprint === fingerprint && before.commentId !== undefined) return before
  const all = { ...at, issue_number: issueNumber, per_page: 100 }
  const comments = () => octokit.paginate.iterator(octokit.rest.issues.listComments, all)
  const known = typeof before.commentId === 'number' ? before.commentId : undefined
  const found = known === undefined && mayExist ? await findMarked(comments(), context, options) : undefined
  if (found?.body === body) return { commentId: found.id, fingerprint }
  const id = known ?? found?.id
  if (id !== undefined && (await editComment(id, body, context))) return { commentId: id, fingerprint }
  const { data } = await octokit.rest.issues.createComment({ ...at, issue_number: issueNumber, body })
  return { commentId: data.id, fingerprint }
}

/** @returns false when someone has deleted it: then the text goes into a new comment. */
async function editComment(id: number, body: string, { octokit, at }: EffectContext): Promise<boolean> {
  try {
    await octokit.rest.issues.updateComment({ ...at, comment_id: id, body })
    return true
  } catch (error) {
    if (!isGone(error)) throw error
    return false
  }
}
