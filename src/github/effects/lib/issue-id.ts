/** The database id of an issue, which links between issues are made with. */

import type { IssueAddress } from '../../../domain/github.ts'
import { repositoryPath } from '../../repository-path.ts'
import type { EffectContext } from './handler.ts'

/** Asks GitHub for the id of an issue, which may be in another repository. */
export async function issueIdOf({ repository, number }: IssueAddress, { octokit }: EffectContext): Promise<number> {
  const { data } = await octokit.rest.issues.get({ ...repositoryPath(repository), issue_number: number })
  return data.id
}
