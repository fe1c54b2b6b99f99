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
  async publish({ branch, base, title, body, sha }, context) {
    const { octokit, at, before, clean } = context
    const text = { title: clean(title), body: clean(body, ending(context.key)) }
    const fingerprint = fingerprintOf(text.title + text.body)
    const known = typeof before.number === 'number' ? before.number : undefined
    const lost = known === undefined && context.mayExist ? await findPull(branch, base, context) : undefined
    if (known === undefined && context.mayExist && !lost) context.notFound()
    if (lost && lost.title === text.title && lost.body === text.body)
      return { number: lost.number, url: lost.html_url, sha, fingerprint }
    const found = known ?? lost?.number
    if (found !== undefined) {
      const url = await reopenPull(found, text, context)
      if (url !== undefined) return { number: found, url, sha, fingerprint }
    }
    try {
      const { data } = await octokit.rest.pulls.create({ ...at, head: branch, base, ...text })
      return { number: data.number, url: data.html_url, sha, fingerprint }
    } catch (error) {
      // 422 also means "exists already": opened by us before a crash, or by a person from this branch.
      const existing = httpStatusOf(error) === 422 ? await findPull(branch, base, context) : undefined
      if (existing === undefined) throw error
      const { data } = await octokit.rest.pulls.update({ ...at, pull_number: existing.number, ...text })
      return { number: existing.number, url: data.html_url, sha, fingerprint }
    }
  },
}

/**
 * Brings an earlier pull request up to date, and opens it again when somebody closed it: the work goes on where people
 * have discussed it.
 * @returns its address; undefined when GitHub cannot open it (it is merged, or its branch was created again).
 */
async function reopenPull(number: number, text: PullText, { octokit, at }: EffectContext): Promise<string | undefined> {
  try {
    const { data } = await octokit.rest.pulls.update({ ...at, pull_number: number, ...text, state: 'open' })
    return data.html_url
  } catch (error) {
    if (httpStatusOf(error) !== 422) throw error
    return undefined
  }
}

async function findPull(branch: string, base: string, { octokit, at }: EffectContext) {
  const { data } = await octokit.rest.pulls.list({ ...at, head: `${at.owner}:${branch}`, base, state: 'open' })
  return data[0]
}
