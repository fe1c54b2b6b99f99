import { isUnsupported } from '../http-status.ts'
import type { EffectContext, EffectHandler } from './lib/handler.ts'
import { ending, marker } from './lib/marker.ts'

/** An answer in a thread of comments on a line. It is written once: what came of one round does not change. */
export const effect: EffectHandler<'review-reply'> = {
  kind: 'review-reply',
  async publish({ pullNumber, commentId, body }, context) {
    const { octokit, at, before, mayExist, clean, key } = context
    if (before.commentId !== undefined) return before
    const found = mayExist ? await findReply(pullNumber, context) : undefined
    if (found !== undefined) return { commentId: found }
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

async function findReply(pullNumber: number, context: EffectContext): Promise<number | undefined> {
  const { octokit, at, key, botLogin } = context
  const parameters = { ...at, pull_number: pullNumber, per_page: 100 }
  for await (const page of octokit.paginate.iterator(octokit.rest.pulls.listReviewComments, parameters)) {
    const mine = page.data.find(({ user, body }) => user?.login === botLogin && body.includes(marker(key)))
    if (mine) return mine.id
  }
  context.notFound()
  return undefined
}
