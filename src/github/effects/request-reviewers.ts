import { firstCharacters } from '../../lib/sanitise-text.ts'
import { httpStatusOf, isUnsupported } from '../http-status.ts'
import type { EffectHandler } from './lib/handler.ts'

/**
 * People and teams are asked for a review. Who is asked already stays so. GitHub refuses all where it refuses one (a login
 * without access): its words are kept, so that people can be shown them; nothing waits for this.
 */
export const effect: EffectHandler<'request-reviewers'> = {
  kind: 'request-reviewers',
  async publish({ pullNumber, people, teams, assigneesOf }, { octokit, at, missing }) {
    const assigned = assigneesOf === null ? [] : await octokit.rest.issues.get({ ...at, issue_number: assigneesOf })
    const assignees = Array.isArray(assigned) ? [] : (assigned.data.assignees ?? []).map(({ login }) => login)
    const reviewers = [...new Set([...people, ...assignees])]
    if (reviewers.length === 0 && teams.length === 0) return { asked: [] }
    const asked = [...reviewers, ...teams]
    try {
      await octokit.rest.pulls.requestReviewers({ ...at, pull_number: pullNumber, reviewers, team_reviewers: teams })
      return { asked }
    } catch (error) {
      if (isUnsupported(error)) missing('review requests')
      else if (httpStatusOf(error) !== 422) throw error
      return { asked, refused: error instanceof Error ? firstCharacters(error.message, 300) : '' }
    }
  },
}
