/** Who may go around the rules of a branch. */

import type { Octokit } from '../client.ts'
import { isUnsupported } from '../http-status.ts'

/** A branch of a repository. */
export type BranchPath = {
  owner: string
  repo: string
  branch: string
}

/**
 * The rulesets of a branch that the app itself may bypass, by name. One call, and one more for each ruleset.
 *
 * The list of those who may go around a classic branch protection cannot be read: that takes the permission to administer the
 * repository, which Tutti does not ask for.
 * @returns none where this server has no rulesets, or does not say.
 */
export async function readBypassableRulesets(octokit: Octokit, { branch, ...at }: BranchPath): Promise<string[]> {
  try {
    const rules = await octokit.paginate(octokit.rest.repos.getBranchRules, { ...at, branch, per_page: 100 })
    const ids = new Set(rules.flatMap(({ ruleset_id: id }) => id ?? []))
    const found: string[] = []
    for (const id of ids) {
      const { data } = await octokit.rest.repos.getRepoRuleset({ ...at, ruleset_id: id })
      // The other words are `always`, `pull_requests_only` and `exempt`: with each of them the app could merge unreviewed.
      const bypass: string = data.current_user_can_bypass ?? 'never'
      if (bypass !== 'never') found.push(data.name)
    }
    return found
  } catch (error) {
    if (!isUnsupported(error)) throw error
    return []
  }
}
