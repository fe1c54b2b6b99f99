import { httpStatusOf, isGone, isUnsupported } from '../http-status.ts'
import type { EffectHandler } from './lib/handler.ts'
import { issueIdOf } from './lib/issue-id.ts'

const route = '/repos/{owner}/{repo}/issues/{issue_number}/dependencies/blocked_by'

/** GitHub's own "blocked by". Our own edge holds whatever GitHub answers. */
export const effect: EffectHandler<'blocked-by'> = {
  kind: 'blocked-by',
  async publish({ issueNumber, blocker, wanted }, context) {
    const { octokit, at } = context
    try {
      const link = { ...at, issue_number: issueNumber, issue_id: await issueIdOf(blocker, context) }
      if (wanted) await octokit.request(`POST ${route}`, link)
      else await octokit.request(`DELETE ${route}/{issue_id}`, link)
    } catch (error) {
      // 422: it is so already, or GitHub's own rules forbid it.
      if (httpStatusOf(error) === 422) return {}
      // It is off already: an earlier attempt did it, or a person.
      if (!wanted && isGone(error)) return {}
      if (!isUnsupported(error)) throw error
      context.missing('issue dependencies')
    }
    return {}
  },
}
