/** What `tutti doctor` asks GitHub about the app: who it is, what it may do, whether its webhooks arrive. It writes nothing. */

import type { Client, Octokit } from './client.ts'
import { isGone, isUnsupported } from './http-status.ts'
import { type BranchPath, readBypassableRulesets } from './read/rulesets.ts'

/** The app as GitHub knows it. */
export interface AppFacts {
  slug: string
  permissions: Readonly<Record<string, string>>
  events: readonly string[]
  /** Where webhooks go; undefined where this server does not say. */
  webhookUrl: string | undefined
  /** The status codes of the last deliveries, newest first; undefined where this server does not say. */
  deliveries: readonly number[] | undefined
  installations: readonly InstallationFacts[]
}

/** The app in one account. */
export interface InstallationFacts {
  account: string
  suspended: boolean
  /** What its owner has granted; an app that asks for more waits for them. */
  permissions: Readonly<Record<string, string>>
  repositories: readonly RepositoryFacts[]
}

/** A repository that the app sees. */
export interface RepositoryFacts {
  fullName: string
  defaultBranch: string
  /** Whether rules or a protection hold for the default branch; undefined when that could not be read. */
  protectedBranch: boolean | undefined
  /** Rulesets of the default branch that the app itself may bypass, by name. */
  bypassable: readonly string[]
}

/** The most repositories whose protection is looked at: two calls each, and one more for each ruleset. */
const mostRepositories = 20

/**
 * Asks GitHub.
 * @throws what Octokit throws when the app itself cannot be read: the credentials are refused, or GitHub is away.
 */
export async function examineApp(client: Client): Promise<AppFacts> {
  const octokit = await client.app()
  const { data } = await octokit.rest.apps.getAuthenticated()
  if (!data) throw new Error('GitHub did not say which app this is')
  const webhookUrl = await optional(async () => (await octokit.rest.apps.getWebhookConfigForApp()).data.url)
  const deliveries = await optional(async () => {
    const { data: rows } = await octokit.request('GET /app/hook/deliveries', { per_page: 30 })
    return rows.map(({ status_code: status }) => status)
  })
  const rows = await octokit.paginate(octokit.rest.apps.listInstallations, { per_page: 100 })
  const installations: InstallationFacts[] = []
  let left = mostRepositories
  for (const { id, account, suspended_at: suspendedAt, permissions } of rows) {
    const suspended = Boolean(suspendedAt)
    const repositories = suspended ? [] : await repositoriesOf(await client.installation(id), left)
    left = Math.max(0, left - repositories.length)
    const name = account && 'login' in account ? account.login : String(id)
    installations.push({
      account: name,
      suspended,
      permissions: { ...permissions } as Record<string, string>,
      repositories,
    })
  }
  const app = { slug: data.slug ?? data.name, permissions: { ...data.permissions } as Record<string, string> }
  return { ...app, events: data.events, webhookUrl, deliveries, installations }
}

async function repositoriesOf(octokit: Octokit, most: number): Promise<RepositoryFacts[]> {
  const rows = await octokit.paginate(octokit.rest.apps.listReposAccessibleToInstallation, { per_page: 100 })
  return Promise.all(
    rows.map(async ({ owner, name, full_name: fullName, default_branch: branch, archived }, at) => {
      const looks = at < most && !archived
      const of = { owner: owner.login, repo: name, branch }
      const protectedBranch = looks ? await isProtected(octokit, of) : undefined
      const bypassable = protectedBranch ? await readBypassableRulesets(octokit, of) : []
      return { fullName, defaultBranch: branch, protectedBranch, bypassable }
    }),
  )
}

async function isProtected(octokit: Octokit, at: BranchPath) {
  try {
    const { data: branch } = await octokit.rest.repos.getBranch(at)
    if (branch.protected) return true
    const { data: rules } = await octokit.rest.repos.getBranchRules(at)
    return rules.length > 0
  } catch (error) {
    // An empty repository has no branch yet.
    if (isGone(error)) return undefined
    throw error
  }
}

async function optional<T>(question: () => Promise<T>): Promise<T | undefined> {
  try {
    return await question()
  } catch (error) {
    if (isUnsupported(error)) return undefined
    throw error
  }
}
