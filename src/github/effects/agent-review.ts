import { findMarked } from './lib/find-marked.ts'
import type { EffectHandler } from './lib/handler.ts'
import { ending } from './lib/marker.ts'

/**
 * What an agent has found in a commit, as a review that only comments: GitHub counts it for no rule. It is written once for
 * each commit.
 */
export const effect: EffectHandler<'agent-review'> = {
  kind: 'agent-review',
  async publish({ pullNumber, sha, body }, context) {
    const { octokit, at, before, mayExist, clean, key } = context
    if (before.reviewId !== undefined) return before
    const all = { ...at, pull_number: pullNumber, per_page: 100 }
    const pages = () => octokit.paginate.iterator(octokit.rest.pulls.listReviews, all)
    const found = mayExist ? await findMarked(pages(), context) : undefined
    if (found) return { reviewId: found.id }
    const { data } = await octokit.rest.pulls.createReview({
      ...{ ...at, pull_number: pullNumber, commit_id: sha },
      ...{ event: 'COMMENT', body: clean(body, ending(key)) },
    })
    return { reviewId: data.id }
  },
}
