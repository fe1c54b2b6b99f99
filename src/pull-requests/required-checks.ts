/** Which checks the rules of a base branch require: read once, and kept for an hour. */

import { knownRequiredChecks, saveRequiredChecks } from '../db/ci.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { Services } from '../work-items/services.ts'

/** Names of the checks that protection and rulesets of a branch require. */
export async function requiredChecksOf(
  { store, github }: Pick<Services, 'store' | 'github'>,
  repo: RepositoryRow,
  branch: string,
): Promise<string[]> {
  const known = await knownRequiredChecks(store.db, repo.id, branch)
  if (known) return known
  const names = await github.repository(repo).requiredChecks(branch)
  await saveRequiredChecks(store.db, repo.id, branch, names)
  return names
}
