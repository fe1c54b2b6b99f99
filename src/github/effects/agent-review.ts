import { httpStatusOf } from '../http-status.ts'
import { findMarked } from './lib/find-marked.ts'
import type { EffectHandler } from './lib/handler.ts'
import { ending } from './lib/marker.ts'

/**
 * What an agent has found in a commit, as a review that only comments: GitHub counts it for no rule. What it says about lines
 * stands at these. It is written once for each commit.
 */
export const effect: EffectHandler<'agent-review'> = {
  kind: 'agent-review',
  async publish({ pullNumber, sha, body, comments = [], whole = body }, context) {
    const { octokit, at, before, mayExist, clean, key } = context
    if (before.reviewId !== undefined) return before
    const all = { ...at, pull_number: pullNumber, per_page: 100 }
    const pages = () => octokit.paginate.iterator(octokit.rest.pulls.listReviews, all)
    const found = mayExist ? await findMarked(pages(), context) : undefined
    if (found) return { reviewId: found.id }
    const create = async (text: string, lines: typeof comments) => {
      const { data } = await octokit.rest.pulls.createReview({
        ...{ ...at, pull_number: pullNumber, commit_id: sha, event: 'COMMENT' as const },
        body: clean(text, ending(key)),
        ...(lines.length > 0
          ? { comments: lines.map((one) => ({ ...one, side: 'RIGHT', body: clean(one.body) })) }
          : {}),
      })
      return { reviewId: data.id }
    }
    try {
      return await create(body, comments)
    } catch (error) {
      // GitHub takes all or nothing: one line that its diff does not show, and there is no review.
      if (comments.length === 0 || httpStatusOf(error) !== 422) throw error
      return create(whole, [])
    }
  },
}
