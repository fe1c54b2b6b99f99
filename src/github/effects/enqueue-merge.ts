import { UserError } from '../../lib/errors.ts'
import type { EffectHandler } from './lib/handler.ts'

const idOf = `query pullRequestId($owner: String!, $repo: String!, $number: Int!) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) { id isInMergeQueue } }
}`
const enqueue = `mutation enqueue($pull: ID!, $head: GitObjectID!) {
  enqueuePullRequest(input: {pullRequestId: $pull, expectedHeadOid: $head}) { clientMutationId }
}`

/** Puts a pull request into GitHub's own merge queue, at the commit that was reviewed. Only GraphQL can. */
export const effect: EffectHandler<'enqueue-merge'> = {
  kind: 'enqueue-merge',
  async publish({ pullNumber, sha }, { octokit, at }) {
    const answer: { repository?: { pullRequest?: { id: string; isInMergeQueue: boolean } | null } | null } =
      await octokit.graphql(idOf, { ...at, number: pullNumber })
    const pull = answer.repository?.pullRequest
    if (!pull) throw new UserError('GitHub does not know the pull request')
    if (!pull.isInMergeQueue) await refusals(octokit.graphql(enqueue, { pull: pull.id, head: sha }))
    return {}
  },
}

/** A refusal comes with HTTP status 200. It would come again, so it is said at once. */
async function refusals(request: Promise<unknown>): Promise<void> {
  try {
    await request
  } catch (error) {
    const errors = (error as { errors?: { message: string; type?: string }[] }).errors
    const [first] = errors ?? []
    if (!first || first.type === 'RATE_LIMITED') throw error
    throw new UserError(first.message)
  }
}
