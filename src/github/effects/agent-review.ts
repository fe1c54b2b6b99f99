import type { EffectContext, EffectHandler } from './lib/handler.ts'
import { ending, marker } from './lib/marker.ts'

/**
 * What an agent has found in a commit, as a review that only comments: GitHub counts it for no rule. It is written once for
 * each commit.
 */
export const effect: EffectHandler<'agent-review'> = {
  kind: 'agent-review',
  async publish({ pullNumber, sha, body }, context) {
    const { octokit, at, before, mayExist, clean, key } = context
    if (before.reviewId !== undefined) return before
    const found = mayExist ? await findReview(pullNumber, context) : undefined
    if (found !== undefined) return { reviewId: found }
    const { data } = await octokit.rest.pulls.createReview({
      ...{ ...at, pull_number: pullNumber, commit_id: sha },
      ...{ event: 'COMMENT', body: clean(body, ending(key)) },
    })
    return { reviewId: data.id }
  },
}

async function findReview(pullNumber: number, context: EffectContext): Promise<number | undefined> {
  const { octokit, at, key, botLogin } = context
  const parameters = { ...at, pull_number: pullNumber, per_page: 100 }
  for await (const page of octokit.paginate.iterator(octokit.rest.pulls.listReviews, parameters)) {
    const mine = page.data.find(({ user, body }) => user?.login === botLogin && body.includes(marker(key)))
    if (mine) return mine.id
  }
  context.notFound()
  return undefined
}
