import { isUnsupported } from '../http-status.ts'
import { findMarked } from './lib/find-marked.ts'
import type { EffectHandler } from './lib/handler.ts'
import { ending } from './lib/marker.ts'

/** An answer in a thread of comments on a line. It is written once: what came of one round does not change. */
export const effect: EffectHandler<'review-reply'> = {
  kind: 'review-reply',
  async publish({ pullNumber, commentId, body }, context) {
    const { octokit, at, before, mayExist, clean, key } = context
    if (before.commentId !== undefined) return before
    const all = { ...at, pull_number: pullNumber, per_page: 100 }
    const pages = () => octokit.paginate.iterator(octokit.rest.pulls.listReviewComments, all)
    const found = mayExist ? await findMarked(pages(), context) : undefined
    if (found) return { commentId: found.id }
    try {
      const reply = { ...at, pull_number: pullNumber, comment_id: commentId, body: clean(body, ending(key)) }
      const { data } = await octokit.rest.pulls.createReplyForReviewComment(reply)
      return { commentId: data.id }
    } catch (error) {
      // The thread was deleted, or the server has none: the status comment of the pull request holds the answer too.
      if (!isUnsupported(error)) throw error
      context.missing('review threads')
      return {}
    }
  },
}
