import { isUnsupported } from '../http-status.ts'
import type { EffectContext, EffectHandler } from './lib/handler.ts'

/**
 * Threads of comments on lines are resolved. Only GraphQL can, and it knows threads by ids of their own, so that they are
 * listed first. Resolving a resolved one changes nothing.
 */
export const effect: EffectHandler<'resolve-threads'> = {
  kind: 'resolve-threads',
  async publish({ pullNumber, comments }, context) {
    const { octokit, missing } = context
    try {
      const open = (await threadsOf(pullNumber, context)).filter(
        ({ isResolved, first }) => !isResolved && comments.includes(first),
      )
      if (open.length > 0) {
        const names = open.map((_, at) => `$thread${at}: ID!`).join(', ')
        const acts = open.map(
          (_, at) => `t${at}: resolveReviewThread(input: {threadId: $thread${at}}) { clientMutationId }`,
        )
        const variables = Object.fromEntries(open.map(({ id }, at) => [`thread${at}`, id]))
        await octokit.graphql(`mutation resolveThreads(${names}) { ${acts.join(' ')} }`, variables)
      }
    } catch (error) {
      if (!isUnsupported(error)) throw error
      missing('review threads')
    }
    return {}
  },
}

const query = `query reviewThreads($owner: String!, $repo: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $repo) { pullRequest(number: $number) { reviewThreads(first: 100, after: $after) {
    pageInfo { hasNextPage endCursor }
    nodes { id isResolved comments(first: 1) { nodes { databaseId } } }
  } } }
}`

interface ThreadsAnswer {
  repository: {
    pullRequest: {
      reviewThreads: {
        pageInfo: { hasNextPage: boolean; endCursor: string | null }
        nodes: { id: string; isResolved: boolean; comments: { nodes: { databaseId: number }[] } }[]
      }
    }
  }
}

/** Every thread of a pull request, by its first comment. */
async function threadsOf(number: number, { octokit, at }: EffectContext) {
  const threads: { id: string; isResolved: boolean; first: number }[] = []
  let after: string | null = null
  do {
    const answer: ThreadsAnswer = await octokit.graphql(query, { ...at, number, after })
    const { nodes, pageInfo } = answer.repository.pullRequest.reviewThreads
    for (const { id, isResolved, comments } of nodes)
      threads.push({ id, isResolved, first: comments.nodes[0]?.databaseId ?? 0 })
    after = pageInfo.hasNextPage ? pageInfo.endCursor : null
  } while (after !== null)
  return threads
}
