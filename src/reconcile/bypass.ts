/** Said at the start: where Tutti's own app may go around the rules that its pull requests wait for. */

import type { Logger } from 'pino'
import type { Store } from '../db/connect.ts'
import { servedRepositories } from '../db/repositories.ts'
import type { GitHub } from '../github/github.ts'

/** The most repositories that are looked at: a call each, and one more for each of their rulesets. */
const mostRepositories = 20

/**
 * Warns of every default branch whose rules the app may bypass. Tutti never merges without the word of a person all the same;
 * the rule would not hold it, if that ever failed.
 * @returns the repositories, `owner/name`; undefined while none is known yet.
 * @throws what GitHub throws when the rules cannot be read.
 */
export async function warnOfBypass(services: {
  store: Pick<Store, 'db'>
  github: GitHub
  log: Logger
}): Promise<string[] | undefined> {
  const { store, github, log } = services
  const repositories = (await servedRepositories(store.db)).slice(0, mostRepositories)
  if (repositories.length === 0) return undefined
  const found = await Promise.all(
    repositories.map(async (repo) => {
      const rulesets = await github.repository(repo).bypassableRulesets(repo.defaultBranch)
      if (rulesets.length === 0) return []
      log.warn(
        { repository: repo.fullName, branch: repo.defaultBranch, rulesets },
        `the app may bypass the rules of ${repo.defaultBranch} in ${repo.fullName}: take it off the bypass list of ${rulesets.join(', ')}`,
      )
      return [repo.fullName]
    }),
  )
  return found.flat()
}
