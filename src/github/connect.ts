/** Connects to GitHub: reading, tokens for git, and who the app is. Writing is the publisher's. */

import type { Logger } from 'pino'
import type { RepositoryIdentity } from '../domain/events.ts'
import type { HookDelivery } from '../domain/github.ts'
import { currentMs } from '../lib/clock.ts'
import { findRetryAfter, OperatorError, rootMessage } from '../lib/errors.ts'
import { retry } from '../lib/retry.ts'
import { firstCharacters } from '../lib/sanitise-text.ts'
import type { Client, Octokit } from './client.ts'
import { GitTokens, type MintedToken, reuseForMs, type TokenRequest } from './git-tokens.ts'
import type { GitHub, InstalledRepositories } from './github.ts'
import { httpStatusOf, isUnsupported } from './http-status.ts'
import { notFoundOr } from './read/context.ts'
import { createRepositoryReader } from './read/repository.ts'

/** GitHub, and where a handler of an effect reports what this server does not have. */
export type ConnectedGitHub = GitHub & { missing(feature: string): void }

/** GitHub does not take the app's id or key: waiting does not mend that. */
class CredentialsRefused extends OperatorError {
  override name = 'CredentialsRefused'
}

/**
 * A token that may do less than the app is used again for so long, in ms: the installation may accept the rest at any time.
 */
const lesserReuseMs = 5 * 60_000

/** With delays that grow to 30 s, this is nearly half an hour. */
const maxAttempts = 60

/**
 * Asks GitHub who the app is, and returns what can be asked. It is patient: GitHub may be away when we start; webhooks
 * are stored meanwhile. That it is away is said once, and once more when it answers.
 * @param onToken gets every token for git, so that it can be taken out of texts.
 * @throws {OperatorError} at once when the credentials are refused; after 60 tries when GitHub cannot be reached.
 */
export async function connectGitHub(
  client: Client,
  log: Logger,
  onToken: (token: string) => void,
): Promise<ConnectedGitHub> {
  let away = false
  const app = await retry(
    () => identify(client),
    (error, attempts) => {
      if (error instanceof CredentialsRefused || attempts > maxAttempts) return undefined
      const asked = findRetryAfter(error)
      if (asked) {
        log.warn({ until: asked.until }, 'GitHub has asked for a pause; it is asked again after that')
        return Math.max(0, asked.until.getTime() - currentMs())
      }
      if (!away) log.warn(`${wordsOf(error)} It is tried again until it answers; webhooks are stored meanwhile`)
      away = true
      return Math.min(30_000, 500 * 2 ** (attempts - 1))
    },
  )
  if (away) log.info('GitHub answers now')
  return connected(client, app, { onToken, missing: missingLog(log) })
}

function wordsOf(error: unknown): string {
  if (error instanceof OperatorError) return `${error.message}. ${error.hint}`
  return `${error instanceof Error ? error.message : String(error)}.`
}

type App = GitHub['app'] & { mayChangeWorkflows: boolean }

function connected(
  client: Client,
  app: App,
  { onToken, missing }: { onToken: (token: string) => void; missing: (feature: string) => void },
): ConnectedGitHub {
  const author = createAuthorSource(client, app.botLogin)
  const tokens = new GitTokens(async (wish: TokenRequest) => {
    const minted = await mintGitToken(await client.app(), wish, app.mayChangeWorkflows)
    onToken(minted.token)
    return minted
  })
  return {
    app,
    missing,
    author,
    calls: client.meter,
    isSelf: (actor) => actor.login === app.botLogin,
    repository: (repo) =>
      createRepositoryReader({
        octokit: () => client.installation(repo.installationId),
        fullName: repo.fullName,
        appId: app.id,
        missing,
      }),
    token: ({ installationId, githubId }, need, refused) => tokens.get({ installationId, githubId, need }, refused),
    installedRepositories: () => installedRepositories(client, author),
    deliveries: async (since, onPage) => {
      try {
        for await (const page of deliveriesSince(await client.app(), since)) await onPage(page)
        return true
      } catch (error) {
        if (!isUnsupported(error)) throw error
        missing('the list of webhook deliveries')
        return false
      }
    },
    redeliver: async (id) => {
      const octokit = await client.app()
      const attempt = octokit.request('POST /app/hook/deliveries/{delivery_id}/attempts', { delivery_id: id })
      await attempt.catch((error) => {
        throw notFoundOr(error)
      })
    },
  }
}

/** Logs once for each feature that this server does not have. */
function missingLog(log: Logger): (feature: string) => void {
  const logged = new Set<string>()
  return (feature) => {
    if (logged.has(feature)) return
    logged.add(feature)
    log.warn({ feature }, `this server does not offer ${feature}; Tutti goes on without`)
  }
}

async function mintGitToken(octokit: Octokit, wish: TokenRequest, workflows: boolean): Promise<MintedToken> {
  const mint = async (permissions: { contents: 'read' | 'write'; workflows?: 'write' }) => {
    const at = { installation_id: wish.installationId, repository_ids: [wish.githubId] }
    const { data } = await octokit.rest.apps.createInstallationAccessToken({ ...at, permissions })
    return { token: data.token, reuseMs: reuseForMs }
  }
  if (wish.need === 'read') return mint({ contents: 'read' })
  if (!workflows) return mint({ contents: 'write' })
  try {
    return await mint({ contents: 'write', workflows: 'write' })
  } catch (error) {
    // The app has it, and this installation has not accepted it: everything else can still be pushed.
    if (httpStatusOf(error) !== 422) throw error
    return { ...(await mint({ contents: 'write' })), reuseMs: lesserReuseMs }
  }
}

/**
 * The bot user has an id of its own, which is not the app's. GitHub shows a commit as the bot's when the id stands in
 * its address (docs.github.com, "Setting your commit email address"); without it, the address may be a stranger's.
 */
function createAuthorSource(client: Client, botLogin: string): GitHub['author'] {
  let known: ReturnType<GitHub['author']> | undefined
  return ({ installationId }) => {
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

async function installedRepositories(client: Client, author: GitHub['author']): Promise<InstalledRepositories> {
  const octokit = await client.app()
  const installations = await octokit.paginate(octokit.rest.apps.listInstallations, { per_page: 100 })
  const active = installations.filter((installation) => !installation.suspended_at)
  // Asked together with the first list of everything, so that no commit waits for it.
  const [first] = active
  if (first) await author({ installationId: first.id }).catch(() => undefined)
  const read: InstalledRepositories = { repositories: [], unread: [] }
  for (const { id: installationId } of active) {
    try {
      read.repositories.push(...(await repositoriesOf(client, installationId)))
    } catch (error) {
      if (findRetryAfter(error)) throw error
      read.unread.push({ installationId, error })
    }
  }
  return read
}

async function repositoriesOf(client: Client, installationId: number): Promise<RepositoryIdentity[]> {
  const octokit = await client.installation(installationId)
  const rows = await octokit.paginate(octokit.rest.apps.listReposAccessibleToInstallation, { per_page: 100 })
  return rows.map((repository) => ({
    githubId: repository.id,
    fullName: repository.full_name,
    private: repository.private,
    installationId,
    cloneUrl: repository.clone_url,
    defaultBranch: repository.default_branch,
  }))
}

/** GitHub lists them newest first, so that the pages end where they get too old. */
async function* deliveriesSince(octokit: Octokit, since: Date): AsyncGenerator<HookDelivery[]> {
  for await (const page of octokit.paginate.iterator('GET /app/hook/deliveries', { per_page: 100 })) {
    const rows = page.data.map((row) => ({
      id: row.id,
      deliveryId: row.guid,
      event: row.event,
      deliveredAt: new Date(row.delivered_at),
      statusCode: row.status_code,
      redelivery: row.redelivery,
    }))
    yield rows.filter((row) => row.deliveredAt >= since)
    if (rows.some((row) => row.deliveredAt < since)) return
  }
}

async function identify(client: Client): Promise<App> {
  try {
    const octokit = await client.app()
    const { data } = await octokit.rest.apps.getAuthenticated()
    if (!data) throw new Error('GitHub did not say which app this is')
    const slug = data.slug ?? data.name
    // Asking for a permission that the app was not registered with is refused; such a push is GitHub's to refuse.
    const mayChangeWorkflows = data.permissions.workflows === 'write'
    return { slug, id: data.id, botLogin: `${slug}[bot]`, mayChangeWorkflows }
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    // The second is for an app that GitHub does not have: it was deleted, or APP_ID is another one's.
    if (httpStatusOf(error) === 401 || message.startsWith('Integration not found')) {
      throw new CredentialsRefused("GitHub refused the app's credentials", 'Check APP_ID and PRIVATE_KEY.', {
        cause: error,
      })
    }
    throw new OperatorError(
      `GitHub cannot be reached at ${client.apiUrl}: ${firstLine(rootMessage(error))}`,
      'Check GITHUB_API_URL or GHE_HOST, and the network.',
      { cause: error },
    )
  }
}

/** A proxy's page has many. */
function firstLine(text: string): string {
  const [line = ''] = text.trim().split('\n')
  return line.length > 200 ? `${firstCharacters(line, 200)}…` : line
}
