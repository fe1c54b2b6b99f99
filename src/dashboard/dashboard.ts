/** The dashboard: its routes, and who may open them. */

import { type Context, Hono } from 'hono'
import type { EventHub } from '../api/event-hub.ts'
import { type RepositoryRow, repositoryByName } from '../db/repositories.ts'
import { permits } from '../domain/permissions.ts'
import { PermissionUnavailable } from '../github/permissions.ts'
import * as messages from '../messages/dashboard.ts'
import { sendPage, sendText } from './answer.ts'
import { serveAsset } from './assets.ts'
import { alone, framed, type View } from './frame.ts'
import { giveByForm, takeFlash } from './give.ts'
import { type Html, html } from './html.ts'
import { livePage } from './live.ts'
import type { Page } from './page.ts'
import { auditPage } from './pages/audit.ts'
import { boardPage } from './pages/board.ts'
import { chooserView } from './pages/chooser.ts'
import { crewPage } from './pages/crew.ts'
import { graphPage } from './pages/graph.ts'
import { itemPage } from './pages/item.ts'
import { mergeQueuePage } from './pages/merge-queue.ts'
import { runPage } from './pages/run.ts'
import { settingsPage } from './pages/settings.ts'
import { spendPage } from './pages/spend.ts'
import { moreOfLog } from './pages/transcript.ts'
import { sendPicture } from './pictures.ts'
import type { DashboardGround, DashboardServices } from './services.ts'
import { beginSignIn, finishSignIn, signInPage, signOut } from './sign-in.ts'
import { isOwnForm, PermissionCache, readableRepositories, type Visitor, visitorOf } from './visitor.ts'

const pages: readonly Page[] = [
  ...[boardPage, graphPage, crewPage, spendPage, mergeQueuePage, auditPage, settingsPage],
  ...[itemPage, runPage],
]

/** What a handler gets once somebody is signed in. */
interface Signed {
  services: DashboardServices
  visitor: Visitor
}

/** The routes of the dashboard. */
export function openDashboard(ground: DashboardGround): Hono {
  const app = new Hono()
  const cache = new PermissionCache()
  /** Lets in who is signed in; a page leads to the sign-in, anything else is refused. */
  const signedIn =
    (handle: (context: Context, signed: Signed) => Promise<Response>, kind: 'page' | 'other') =>
    async (context: Context): Promise<Response> => {
      try {
        const services = ground.services()
        if (!services) return starting(context, kind)
        const visitor = await visitorOf(context, services, cache)
        if (!visitor) return kind === 'page' ? toSignIn(context) : sendText(messages.signInFirst, 401)
        return await handle(context, { services, visitor })
      } catch (error) {
        return failed(context, ground, error)
      }
    }
  const sent = async (context: Context, page: Html | Response | Promise<Html | Response>) => {
    const made = await page
    return made instanceof Response ? made : sendPage(context, made)
  }
  app.get('/assets/:digest/:name', (context) => {
    const { digest, name } = context.req.param()
    return serveAsset(digest, name, context.req.raw) ?? sendText(messages.noSuchFile, 404)
  })
  app.get('/login', (context) => sent(context, signInPage(context, ground)))
  app.get('/login/github', (context) => sent(context, beginSignIn(context, ground)))
  app.get('/login/callback', (context) => sent(context, finishSignIn(context, ground)))
  app.post(
    '/logout',
    signedIn(async (context, { visitor }) => {
      const { csrf } = await context.req.parseBody()
      return isOwnForm(context, ground.env, visitor, csrf)
        ? signOut(context, ground)
        : sendText(messages.foreignForm, 403)
    }, 'other'),
  )
  app.post(
    '/commands',
    signedIn(async (context, { services, visitor }) => giveByForm(context, services, visitor), 'other'),
  )
  app.get(
    '/live',
    signedIn(async (context, signed) => stream(context, signed, ground.events), 'other'),
  )
  app.get(
    '/runs/:id/log',
    signedIn(async (context, signed) => moreOfLog(context, signed), 'other'),
  )
  app.get(
    '/pictures/:owner/:name/:digest',
    signedIn(async (context, signed) => sendPicture(context, signed), 'page'),
  )
  for (const page of pages)
    app.get(
      page.path,
      signedIn((context, signed) => show(context, signed, page), 'page'),
    )
  return app
}

/** One page: the repository is found, the visitor may read it, or it does not exist. */
async function show(context: Context, { services, visitor }: Signed, page: Page): Promise<Response> {
  const words = context.req.param() as Record<string, string>
  const repositories = await readableRepositories(services, visitor)
  const facts = {
    ...{ login: visitor.actor.login, csrf: visitor.csrf, repositories, path: context.req.path },
    flash: takeFlash(context, services.env),
  }
  const named = page.repositoryOf ? await page.repositoryOf(services, words) : chosen(context, repositories)
  const repo = named === 'open' ? undefined : repositories.find(({ id }) => id === named?.id)
  if (named === 'open')
    return sendPage(context, framed(await chooserView(services, repositories), { ...facts, repository: undefined }))
  const permission = repo ? await visitor.permissionIn(repo) : 'none'
  const query = (name: string) => context.req.query(name)
  const view: View | undefined = repo && (await page.render({ services, visitor, repo, permission, words, query }))
  if (!view) return sendPage(context, notFound, 404)
  return sendPage(context, framed(view, { ...facts, repository: repo }))
}

/** The repository of the query; without one the only one, or `open` where the visitor has to choose. */
function chosen(context: Context, repositories: readonly RepositoryRow[]): RepositoryRow | 'open' | undefined {
  const wanted = context.req.query('repository')?.toLowerCase()
  if (wanted !== undefined) return repositories.find(({ fullName }) => fullName.toLowerCase() === wanted)
  return repositories.length === 1 ? repositories[0] : 'open'
}

async function stream(context: Context, { services, visitor }: Signed, hub: EventHub): Promise<Response> {
  const repo = await repositoryByName(services.store.db, context.req.query('repository') ?? '')
  const allowed = async () => repo !== undefined && permits(await visitor.permissionIn(repo), 'read')
  if (!repo || !(await allowed())) return sendText(messages.noSuchRepositoryHere, 404)
  return livePage(hub, repo.id, allowed)
}

const notFound = alone('Not found', html`${saying(messages.notThere)}<a class="button" href="/">To the board</a>`)

/** A heading, and what it means. */
function saying([what, next]: messages.EmptyText): Html {
  return html`<h1>${what}</h1><p class="muted">${next}</p>`
}

function toSignIn(context: Context): Response {
  const { pathname, search } = new URL(context.req.url)
  return context.redirect(`/login?${new URLSearchParams({ to: `${pathname}${search}` })}`, 303)
}

function starting(context: Context, kind: 'page' | 'other'): Response {
  if (kind === 'other') return sendText(messages.stillStarting, 503)
  const body = html`${saying(messages.startingPage)}<a class="button" href="/">Load again</a>`
  return sendPage(context, alone('Starting', body), 503)
}

function failed(context: Context, { log }: DashboardGround, err: unknown): Response {
  const away = err instanceof PermissionUnavailable
  log[away ? 'warn' : 'error']({ err, path: context.req.path }, 'a page could not be shown')
  const body = saying(away ? messages.githubIsAway : messages.pageFailed)
  return sendPage(context, alone('Not now', body), away ? 503 : 500)
}
