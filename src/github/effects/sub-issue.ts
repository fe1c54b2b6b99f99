import { httpStatusOf, isGone, isUnsupported } from '../http-status.ts'
import type { EffectHandler } from './lib/handler.ts'
import { issueIdOf } from './lib/issue-id.ts'

/** GitHub's own sub-issue link. Putting it where it is changes nothing, nor does taking off what is off. */
export const effect: EffectHandler<'sub-issue'> = {
  kind: 'sub-issue',
  async publish({ parent, child, wanted }, context) {
    const { octokit, at } = context
    try {
      const sub_issue_id = child.id ?? (await issueIdOf(child, context))
      const link = { ...at, issue_number: parent, sub_issue_id }
      if (wanted === false) await octokit.rest.issues.removeSubIssue(link)
      else await octokit.rest.issues.addSubIssue(link)
    } catch (error) {
      // 422: it is one already, or has another parent, which is for people to settle.
      if (httpStatusOf(error) === 422) return {}
      // It is off already: an earlier attempt did it, or a person.
      if (wanted === false && isGone(error)) return {}
      if (!isUnsupported(error)) throw error
      context.missing('sub-issues')
    }
    return {}
  },
}
