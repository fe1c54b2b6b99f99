import { httpStatusOf } from '../http-status.ts'
import type { EffectContext, EffectHandler } from './lib/handler.ts'
import { ending, fingerprintOf } from './lib/marker.ts'

interface PullText {
  title: string
  body: string
}

/** The pull request of a branch. GitHub allows one open one for a branch and its base, which is how it is found. */
export const effect: EffectHandler<'pull-request'> = {
  kind: 'pull-request',
  async publish({ branch, base, title, body, sha, draft = false }, context) {
    const { octokit, at, before, clean } = context
    const text = { title: clean(title), body: clean(body, ending(context.key)) }
    const fingerprint = fingerprintOf(text.title + text.body)
    const known = typeof before.number === 'number' ? before.number : undefined
    const found = known ?? (context.mayExist ? await findPull(branch, base, context) : undefined)
    if (found !== undefined) {
      const pull = await reopenPull(found, text, context)
      if (pull) {
        if (before.draft === true && !draft) await markReady(pull.node_id, context)
        return { number: found, url: pull.html_url, sha, fingerprint, draft }
      }
    }
    try {
      const kind = draft ? { draft } : {}
      const { data } = await octokit.rest.pulls.create({ ...at, head: branch, base, ...text, ...kind })
      return { number: data.number, url: data.html_url, sha, fingerprint, draft }
    } catch (error) {
      if (draft && httpStatusOf(error) === 422 && /draft pull requests are not supported/i.test(String(error))) {
        // Private repositories of some plans: the branch alone must do.
        context.missing('draft pull requests')
        return { sha }
      }
      // 422 also means "exists already": opened by us before a crash, or by a person from this branch.
      const existing = httpStatusOf(error) === 422 ? await findPull(branch, base, context) : undefined
      if (existing === undefined) throw error
      const { data } = await octokit.rest.pulls.update({ ...at, pull_number: existing, ...text })
      return { number: existing, url: data.html_url, sha, fingerprint, draft: data.draft === true && draft }
    }
  },
}

/**
 * Brings an earlier pull request up to date, and opens it again when somebody closed it: the work goes on where people
 * have discussed it.
 * @returns undefined when GitHub cannot open it (it is merged, or its branch was created again).
 */
async function reopenPull(number: number, text: PullText, { octokit, at }: EffectContext) {
  try {
    const { data } = await octokit.rest.pulls.update({ ...at, pull_number: number, ...text, state: 'open' })
    return data
  } catch (error) {
    if (httpStatusOf(error) !== 422) throw error
    return undefined
  }
}

async function findPull(branch: string, base: string, { octokit, at }: EffectContext): Promise<number | undefined> {
  const { data } = await octokit.rest.pulls.list({ ...at, head: `${at.owner}:${branch}`, base, state: 'open' })
  return data[0]?.number
}

/** Ends a draft. No REST route can (docs.github.com, GraphQL `markPullRequestReadyForReview`). */
async function markReady(id: string, { octokit }: EffectContext): Promise<void> {
  const mutation =
    'mutation ($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } } }'
  await octokit.graphql(mutation, { id })
}
