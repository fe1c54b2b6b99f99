/** Connects to GitHub: reading, tokens for git, and who the app is. Writing is the publisher's. */

import type { Logger } from 'pino'
import type { HookDelivery } from '../domain/github.ts'
import { OperatorError } from '../lib/errors.ts'
import type { Client } from './client.ts'
import { createRepositoryReader, httpStatusOf } from './repository.ts'
import type { GitHub, RepositoryRef } from './types.ts'

/**
 * As `openGitHub`, and patient: GitHub may be away when we start; webhooks are stored meanwhile.
 * @throws {OperatorError} at once when the credentials are refused; after 60 tries when GitHub cannot be reached.
 */
export async function connectGitHub(
  client: Client,
  log: Logger,
  onToken: (token: string) => void,
): ReturnType<typeof openGitHub> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await openGitHub(client, log, onToken)
    } catch (error) {
      const refused = error instanceof OperatorError && error.message.includes('refused')
      if (refused || attempt >= 60) throw error
      log.warn({ err: error }, 'GitHub cannot be reached yet; trying again')
      await new Promise((resolve) => setTimeout(resolve, Math.min(30_000, 500 * 2 ** attempt)))
    }
  }
}

/**
 * Asks GitHub who the app is and returns the verbs.
 * @throws {OperatorError} when the credentials are refused or GitHub cannot be reached.
 */
export async function openGitHub(
  client: Client,
  log: Logger,
  onToken: (token: string) => void,
): Promise<GitHub & { missing(feature: string): void }> {
  const told = new Set<string>()
  const missing = (feature: string) => {
    if (told.has(feature)) return
    told.add(feature)
    log.warn({ feature }, `this server does not offer ${feature}; Tutti goes on without`)
  }
  const app = await identify(client)
  const octokitApp = () => client.app()
  const author = createAuthorSource(client, app.botLogin)

  return {
    app,
    missing,
    calls: client.meter,
    author,
    isSelf: (actor) => actor.login === app.botLogin,
    repository: (repo) =>
      createRepositoryReader({
        octokit: () => client.installation(repo.installationId),
        fullName: repo.fullName,
        appId: app.id,
        missing,
      }),

    token: async (repo, need) => {
      const octokit = await octokitApp()
      const write = { contents: 'write' as const, ...(app.mayChangeWorkflows ? { workflows: 'write' as const } : {}) }
      const { data } = await octokit.rest.apps.createInstallationAccessToken({
        installation_id: repo.installationId,
        repository_ids: [repo.githubId],
        permissions: need === 'read' ? { contents: 'read' } : write,
      })
      onToken(data.token)
      return data.token
    },

    installedRepositories: async () => {
      const octokit = await octokitApp()
      const installations = await octokit.paginate(octokit.rest.apps.listInstallations, { per_page: 100 })
      const lists = await Promise.all(
        installations
          .filter((installation) => !installation.suspended_at)
          .map(async ({ id }) => {
            const inside = await client.installation(id)
            // Asked with the first look at everything, so that no commit waits for it.
            await author({ installationId: id }).catch(() => undefined)
            const repositories = await inside.paginate(inside.rest.apps.listReposAccessibleToInstallation, {
              per_page: 100,
            })
            return repositories.map((repository) => ({
              githubId: repository.id,
              fullName: repository.full_name,
              private: repository.private,
              installationId: id,
              cloneUrl: repository.clone_url,
              defaultBranch: repository.default_branch,
            }))
          }),
      )
      return lists.flat()
    },

    deliveries: async (since) => {
      const octokit = await octokitApp()
      const found: HookDelivery[] = []
      try {
        for await (const page of octokit.paginate.iterator('GET /app/hook/deliveries', { per_page: 100 })) {
          const rows = page.data.map((row) => ({
            id: row.id,
            deliveryId: row.guid,
            event: row.event,
            deliveredAt: new Date(row.delivered_at),
            statusCode: row.status_code,
            redelivery: row.redelivery,
          }))
          found.push(...rows.filter((row) => row.deliveredAt >= since))
          if (rows.some((row) => row.deliveredAt < since)) break
        }
      } catch (error) {
        if (![404, 501].includes(httpStatusOf(error))) throw error
        missing('the list of webhook deliveries')
        return undefined
      }
      return found
    },

    redeliver: async (id) => {
      const octokit = await octokitApp()
      await octokit.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id })
    },
  }
}

/**
 * The bot user has an id of its own, which is not the app's. GitHub shows a commit as the bot's when the id stands in
 * its address (docs.github.com, "Setting your commit email address"); without it, the address may be a stranger's.
 */
function createAuthorSource(client: Client, botLogin: string) {
  let known: Promise<{ name: string; email: string }> | undefined
  return ({ installationId }: Pick<RepositoryRef, 'installationId'>) => {
    known ??= askAuthor(client, installationId, botLogin).catch((error: unknown) => {
      known = undefined
      throw error
    })
    return known
  }
}

async function askAuthor(client: Client, installationId: number, botLogin: string) {
  const octokit = await client.installation(installationId)
  const { data } = await octokit.rest.users.getByUsername({ username: botLogin })
  return { name: botLogin, email: `${data.id}+${botLogin}@users.noreply.github.com` }
}

async function identify(client: Client): Promise<GitHub['app'] & { mayChangeWorkflows: boolean }> {
  try {
    const octokit = await client.app()
    const { data } = await octokit.rest.apps.getAuthenticated()
    if (!data) throw new Error('GitHub did not say which app this is')
    const slug = data.slug ?? data.name
    // Asking for a permission that the app was not registered with is refused; such a push is GitHub's to refuse.
    const mayChangeWorkflows = data.permissions.workflows === 'write'
    return { slug, id: data.id, botLogin: `${slug}[bot]`, mayChangeWorkflows }
  } catch (error) {
    const refused = httpStatusOf(error) === 401
    throw new OperatorError(
      refused
        ? "GitHub refused the app's credentials"
        : `GitHub cannot be reached: ${error instanceof Error ? error.message : error}`,
      refused ? 'Check APP_ID and PRIVATE_KEY.' : 'Check GITHUB_API_URL or GHE_HOST, and the network.',
      { cause: error },
    )
  }
}
