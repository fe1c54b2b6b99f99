/** Reading one repository in the name of its installation. */

import type { Permission } from '../../domain/github.ts'
import type { RepositoryReader } from '../github.ts'
import { repositoryPath } from '../repository-path.ts'
import { checkReader } from './checks.ts'
import { ask, type ReadContext, unlessNotFound } from './context.ts'
import { issueReader } from './issues.ts'
import { pullRequestReader } from './pull-requests.ts'
import { readBypassableRulesets } from './rulesets.ts'

/** @see RepositoryReader */
export function createRepositoryReader(context: ReadContext): RepositoryReader {
  const at = repositoryPath(context.fullName)
  return {
    permission: (actor) => {
      const permission = ask(context, async (octokit) => {
        const { data } = await octokit.rest.repos.getCollaboratorPermissionLevel({ ...at, username: actor.login })
        // A login can be renamed and registered again by someone else; the id cannot.
        return data.user?.id === actor.id ? permissionIn(data) : 'none'
      })
      return unlessNotFound(permission, 'none')
    },

    file: (path) => {
      const content = ask(context, async (octokit) => {
        const { data } = await octokit.rest.repos.getContent({ ...at, path })
        if (Array.isArray(data) || data.type !== 'file' || !('content' in data)) return undefined
        return Buffer.from(data.content, 'base64').toString('utf8')
      })
      return unlessNotFound(content, undefined)
    },

    bypassableRulesets: (branch) => ask(context, (octokit) => readBypassableRulesets(octokit, { ...at, branch })),

    ...issueReader(context, at),
    ...pullRequestReader(context, at),
    ...checkReader(context, at),
  }
}

const permissions: readonly string[] = ['admin', 'maintain', 'write', 'triage', 'read', 'none'] satisfies Permission[]

/**
 * `role_name` is the finer one: `permission` has no `maintain` and no `triage`. An organisation's own role has a name of
 * its own there, and `permission` says what it is built upon (docs.github.com, "Get repository permissions for a user").
 */
function permissionIn({ role_name, permission }: { role_name?: string; permission: string }): Permission {
  const found = [role_name, permission].find((one) => one !== undefined && permissions.includes(one))
  return (found ?? 'none') as Permission
}
