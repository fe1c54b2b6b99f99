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
  async publish({ branch, base, title, body, sha, draft = false, another = false }, context) {
    const { before, clean } = context
    const text = { title: clean(title), body: clean(body, ending(context.key)) }
    const result = { sha, fingerprint: fingerprintOf(text.title + text.body), draft }
    const known = typeof before.number === 'number' ? before.number : undefined
    const lost = known === undefined && context.mayExist ? await findPull(branch, base, context) : undefined
    if (known === undefined && context.mayExist && !lost) context.notFound()
    if (lost && lost.title === text.title && lost.body === text.body && (lost.draft ?? false) === draft)
      return { ...result, number: lost.number, url: lost.html_url }
    const earlier = known ?? lost?.number
    const pull = earlier === undefined ? undefined : await reopenPull(earlier, text, context)
    const merged = earlier === undefined || pull || another ? undefined : await mergedPull(earlier, context)
    if (merged) return { ...result, ...merged }
    if (!pull) return { ...result, ...(await openPull({ branch, base, draft }, text, context)) }
    if (pull.draft && !draft) await markReady(pull.node_id, context)
    return { ...result, number: pull.number, url: pull.html_url }
  },
}

/**
 * Opens one; where there is one already, opened by us before a crash or by a person from this branch, that one is taken.
 * @returns nothing where the server has no drafts: private repositories of some plans. The branch alone must do then.
 */
async function openPull(
  { branch, base, draft }: { branch: string; base: string; draft: boolean },
  text: PullText,
  context: EffectContext,
): Promise<{ number?: number; url?: string; draft?: boolean }> {
  const { octokit, at } = context
  try {
    const kind = draft ? { draft } : {}
    const { data } = await octokit.rest.pulls.create({ ...at, head: branch, base, ...text, ...kind })
    return { number: data.number, url: data.html_url }
  } catch (error) {
    if (httpStatusOf(error) !== 422) throw error
    if (draft && /draft pull requests are not supported/i.test(String(error))) {
      context.missing('draft pull requests')
      return {}
    }
    const existing = await findPull(branch, base, context)
    if (existing === undefined) throw error
    const { data } = await octokit.rest.pulls.update({ ...at, pull_number: existing.number, ...text })
    return { number: existing.number, url: data.html_url, draft: data.draft === true && draft }
  }
}

/**
 * Brings an earlier pull request up to date, and opens it again when someone closed it: the work goes on where people
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

/**
 * An earlier pull request that was merged while this was under way, and whose event has not come: the work is in the base
 * already, and a second pull request would merge it twice.
 */
async function mergedPull(number: number, { octokit, at }: EffectContext) {
  const { data } = await octokit.rest.pulls.get({ ...at, pull_number: number })
  return data.merged ? { number, url: data.html_url, mergedSha: data.merge_commit_sha } : undefined
}

async function findPull(branch: string, base: string, { octokit, at }: EffectContext) {
  const { data } = await octokit.rest.pulls.list({ ...at, head: `${at.owner}:${branch}`, base, state: 'open' })
  return data[0]
}

/** Ends a draft. No REST route can (docs.github.com, GraphQL `markPullRequestReadyForReview`). */
async function markReady(id: string, { octokit }: EffectContext): Promise<void> {
  const mutation =
    'mutation ($id: ID!) { markPullRequestReadyForReview(input: { pullRequestId: $id }) { pullRequest { isDraft } } }'
  await octokit.graphql(mutation, { id })
}
