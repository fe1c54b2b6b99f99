import { eq, ne } from 'drizzle-orm'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { announcePhase } from '../../../src/db/announcements.ts'
import { appendAudit } from '../../../src/db/audit-log.ts'
import { repositories } from '../../../src/db/schema/repositories.ts'
import { runs } from '../../../src/db/schema/runs.ts'
import { dependencies } from '../../../src/db/schema/work-items.ts'
import { transition } from '../../../src/db/work-items.ts'
import {
  addItem,
  addRepository,
  fillRepository,
  openDashboardPlace,
  type Permissions,
} from '../../support/dashboard-place.ts'

const permissions: Permissions = {
  maintainer: { 'acme/app': 'admin', 'acme/other': 'read' },
  reader: { 'acme/app': 'read' },
}
/** In every text that people or agents write. */
const evil =
  ' <script>alert(1)</script><img src=x onerror=alert(2)> "\'> `graph TD; A-->B` \u001b[31mred\u001b]0;title\u0007 \u202egnp.exe'

let place: Awaited<ReturnType<typeof openDashboardPlace>>
let cookie: string
let reader: string
let stranger: string
let paths: string[]

beforeAll(async () => {
  place = await openDashboardPlace(permissions)
  const repo = await addRepository(place, 'acme/app')
  await addRepository(place, 'acme/other')
  const { runId } = await fillRepository(place, repo, evil)
  const items = [12, 14, 15, 17, 18, 9, 999].map((issue) => `/items/acme/app/${issue}`)
  const ofRepository = ['/', '/graph', '/crew', '/spend', '/merge-queue', '/audit', '/settings']
  paths = [...ofRepository.map((path) => `${path}?repository=acme/app`), ...items, `/runs/${runId}`]
  cookie = await place.signIn('maintainer')
  reader = await place.signIn('reader', 8)
  stranger = await place.signIn('stranger', 9)
})
afterAll(() => place.close())

const get = (path: string, as = cookie, headers: Record<string, string> = {}) =>
  place.pages.request(`http://tutti.test${path}`, { headers: { cookie: as, ...headers } })

const csrfOf = async (as: string) =>
  /name="csrf" value="([^"]+)"/.exec(await (await get('/crew?repository=acme/app', as)).text())?.[1] ?? ''

const post = async (path: string, fields: Record<string, string>, { as = cookie, origin = 'http://tutti.test' } = {}) =>
  place.pages.request(`http://tutti.test${path}`, {
    method: 'POST',
    headers: { cookie: as, origin, host: 'tutti.test', 'content-type': 'application/x-www-form-urlencoded' },
    body: String(new URLSearchParams(fields)),
  })

/** The tags, without the text between them or in the values of attributes: those are escaped. */
const markupOf = (text: string) => text.replace(/="[^"]*"/g, (value) => (/^="\/assets\//.test(value) ? value : '=""'))

test('every page is shown, under a policy that runs nothing but our own files', async () => {
  for (const path of paths) {
    const answer = await get(path)
    expect(answer.status, path).toBe(200)
    const policy = answer.headers.get('content-security-policy') ?? ''
    expect(policy, path).toContain("default-src 'none'; script-src 'self'; style-src 'self'")
    expect(policy).not.toContain('unsafe')
    const text = await answer.text()
    expect(markupOf(text), path).not.toMatch(/<[a-z][^>]*\s(?:style|on\w+)=|<style|<script(?! src="\/assets\/)/)
    expect(text, path).not.toMatch(/(?:src|action)="https?:/)
  }
})

test('what people and agents wrote is shown as text on every page', async () => {
  for (const path of [...paths, '/runs/1/log?from=0']) {
    const text = await (await get(path)).text()
    expect(text, path).not.toContain('<script>alert')
    expect(text, path).not.toContain('<img src=x')
    expect(text, path).not.toContain('\u001b')
    expect(text, path).not.toContain('\u202e')
  }
  expect(await (await get('/items/acme/app/12')).text()).toContain('&lt;script&gt;alert(1)')
})

test('without a session a page leads to the sign-in, and nothing else is answered', async () => {
  for (const path of paths) {
    const answer = await get(path, '')
    expect(answer.status, path).toBe(303)
    expect(answer.headers.get('location')).toBe(`/login?${new URLSearchParams({ to: path })}`)
  }
  for (const path of ['/live?repository=acme/app', '/runs/1/log']) expect((await get(path, '')).status, path).toBe(401)
  for (const path of ['/commands', '/logout']) expect((await post(path, {}, { as: '' })).status, path).toBe(401)
  expect((await get('/', 'tutti-session=guessed')).status).toBe(303)
})

test('a repository that the visitor cannot read does not exist', async () => {
  for (const path of paths) expect((await get(path, stranger)).status, path).toBe(404)
  for (const path of ['/live?repository=acme/app', '/runs/1/log'])
    expect((await get(path, stranger)).status, path).toBe(404)
  expect((await get('/graph?repository=acme/other', reader)).status).toBe(404)
  expect(await (await get('/', stranger)).text()).toContain('There is no repository that you can read')
})

test('several repositories are a choice; a single one is opened', async () => {
  const choice = await (await get('/')).text()
  expect(choice).toContain('acme/other')
  expect(choice).toContain('Repositories')
  expect(await (await get('/', reader)).text()).toContain('Needs a person')
})

test('a command needs the token of the session and our own origin', async () => {
  const fields = {
    command: 'priority',
    repository: 'acme/app',
    on: '19',
    'arg.priority': '0',
    back: '/items/acme/app/19',
  }
  const csrf = await csrfOf(cookie)
  expect((await post('/commands', fields)).status).toBe(403)
  expect((await post('/commands', { ...fields, csrf: await csrfOf(reader) })).status).toBe(403)
  expect((await post('/commands', { ...fields, csrf }, { origin: 'http://evil.test' })).status).toBe(403)
  expect((await post('/logout', {})).status).toBe(403)
  const done = await post('/commands', { ...fields, csrf })
  expect([done.status, done.headers.get('location')]).toEqual([303, '/items/acme/app/19'])
  const reply = done.headers.get('set-cookie')?.split(';')[0] ?? ''
  const page = await (await get('/items/acme/app/19', `${cookie}; ${reply}`)).text()
  expect(page).toContain('class="flash done"')
  expect(page).toContain('0, the most urgent')
})

test('a person acts with their own permission only, and buttons say so', async () => {
  const csrf = await csrfOf(reader)
  const fields = {
    command: 'priority',
    repository: 'acme/app',
    on: '19',
    'arg.priority': '3',
    back: '//evil.test',
    csrf,
  }
  const refused = await post('/commands', fields, { as: reader })
  expect([refused.status, refused.headers.get('location')]).toEqual([303, '/'])
  const text = Buffer.from(
    /reply=([\w-]+)/.exec(refused.headers.get('set-cookie') ?? '')?.[1] ?? '',
    'base64url',
  ).toString()
  expect(JSON.parse(text)).toMatchObject({ outcome: 'refused' })
  expect(await (await get('/items/acme/app/19', reader)).text()).toContain('You need the permission write in acme/app')
  expect((await post('/commands', { ...fields, repository: 'acme/other' }, { as: reader })).status).toBe(404)
  expect((await post('/commands', { ...fields, command: 'constructor' }, { as: reader })).status).toBe(404)
})

test('a page that has not changed is not sent again, and GitHub is asked once a minute', async () => {
  const first = await get('/audit?repository=acme/app')
  const before = place.asked.length
  const again = await get('/audit?repository=acme/app', cookie, { 'if-none-match': first.headers.get('etag') ?? '' })
  expect(again.status).toBe(304)
  expect(place.asked.length).toBe(before)
})

test('assets are kept for ever, and there is no way out of their folder', async () => {
  const url = /href="(\/assets\/[^"]+app\.css)"/.exec(await (await get('/login', '')).text())?.[1] ?? ''
  const answer = await get(url, '', { 'accept-encoding': 'br' })
  expect(answer.headers.get('cache-control')).toContain('immutable')
  expect(answer.headers.get('content-encoding')).toBe('br')
  expect((await get('/assets/x/..%2f..%2fpackage.json', '')).status).toBe(404)
  expect((await get('/assets/x/constructor', '')).status).toBe(404)
})

test('a picture that a gate left is shown to who may read its repository, as a picture and nothing else', async () => {
  const page = await (await get('/items/acme/app/14')).text()
  const [, path = ''] = /<img src="(\/pictures\/acme\/app\/[0-9a-f]{64})" alt="login.png /.exec(page) ?? []
  const answer = await get(path)
  expect(answer.status).toBe(200)
  expect(Object.fromEntries(answer.headers)).toMatchObject({
    ...{ 'content-type': 'image/png', 'x-content-type-options': 'nosniff', 'cache-control': 'private, no-cache' },
    ...{ 'content-security-policy': "default-src 'none'; sandbox" },
    'content-disposition': expect.stringMatching(/^inline; filename\*=UTF-8''[\w.%'()*!~-]+$/),
  })
  expect(
    Buffer.from(await answer.arrayBuffer())
      .subarray(1, 4)
      .toString(),
  ).toBe('PNG')
  const etag = answer.headers.get('etag') ?? ''
  expect((await get(path, cookie, { 'if-none-match': etag })).status).toBe(304)

  expect((await get(path, stranger)).status).toBe(404)
  expect((await get(path, stranger, { 'if-none-match': etag })).status).toBe(404)
  expect((await get(path, 'tutti-session=none')).headers.get('location')).toMatch(/^\/login\?to=%2Fpictures/)
  // Of another repository, although it is the same content.
  for (const other of [path.replace('/app/', '/other/'), path.replace(/.$/, 'z'), '/pictures/acme/app/..%2f..%2fx'])
    expect((await get(other)).status, other).toBe(404)
})

test('the first view of the board is smaller than 150 kB', async () => {
  const encoding = { 'accept-encoding': 'gzip, br' }
  const page = await get('/?repository=acme/app', cookie, encoding)
  const text = await (await get('/?repository=acme/app')).text()
  const sizes = [(await page.arrayBuffer()).byteLength]
  for (const [, url = ''] of text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g))
    sizes.push((await (await get(url, '', encoding)).arrayBuffer()).byteLength)
  expect(sizes.length).toBeGreaterThan(4)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBeLessThan(150_000)
})

/** Listens as a page does. */
async function openLive(path: string) {
  const answer = await get(path)
  expect(answer.headers.get('content-type')).toContain('text/event-stream')
  const reader = (answer.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream()).getReader()
  expect((await reader.read()).value).toContain('retry:')
  return {
    /** What comes next, besides the signs of life. */
    async next(): Promise<string> {
      for (;;) {
        const { value = '' } = await reader.read()
        if (value !== ': still here\n\n') return value
      }
    },
    leave: () => reader.cancel(),
  }
}

test('the stream says that something has changed, to the pages of that repository alone', async () => {
  const page = await openLive('/live?repository=acme/app')
  const other = await openLive('/live?repository=acme/other')
  const fields = { command: 'effort', repository: 'acme/app', on: '19', 'arg.effort': 'S', back: '/' }
  await post('/commands', { ...fields, csrf: await csrfOf(cookie) })
  expect(await page.next()).toContain('event: change')
  await page.leave()
  const [repo] = await place.store.db.select().from(repositories).where(eq(repositories.fullName, 'acme/other'))
  if (!repo) throw new Error('there is no acme/other')
  await place.store.transaction((tx) => appendAudit(tx, { repositoryId: repo.id, actor: 'mona', what: 'edited' }))
  // What it had heard of the first repository would come first.
  expect(await other.next()).toBe(`event: change\ndata: ${repo.id}\n\n`)
  await other.leave()
  expect(place.events.size).toBe(0)
})

test('the stream says that a run goes on, of which there is no event', async () => {
  const page = await openLive('/live?repository=acme/app')
  const heard = page.next()
  let over = false
  void heard.then(() => {
    over = true
  })
  // The first look may come after the first of these.
  for (let n = 0; !over; n++) {
    await place.store.db
      .update(runs)
      .set({ progress: `step ${n}` })
      .where(ne(runs.stage, 'ended'))
    await new Promise((resolve) => setTimeout(resolve, 100))
  }
  expect(await heard).toContain('event: change')
  await page.leave()
})

test('a roadmap has the report of its parts on its page, and its phases in the list of events', async () => {
  const own = await openDashboardPlace({ maintainer: { 'acme/plan': 'admin' } })
  try {
    const repo = await addRepository(own, 'acme/plan')
    const epic = await addItem(own, repo, { issue: 80, title: 'Spring', kind: 'epic', states: ['ready'] })
    const part = await addItem(own, repo, { issue: 81, title: 'Model', states: ['ready'] })
    const edge = { repository: 'acme/plan', issueNumber: 81, source: 'task-list', blocker: 'open' } as const
    await own.store.db.insert(dependencies).values({ ...edge, dependentId: epic.id })
    const testFacts = { files: 1, cases: 3, coverage: [{ command: 'tests', percent: 87.5 }] }
    const run = { workItemId: part.id, attempt: 1, agent: 'codex', memberName: 'Atlas', stage: 'ended' as const }
    await own.store.db.insert(runs).values({ ...run, testFacts, startedAt: new Date(), endedAt: new Date() })
    await own.store.transaction(async (tx) => {
      await announcePhase(tx, epic, { phase: 3, state: 'Starting', count: { agents: 1 } })
      await transition(tx, part, 'running', { actor: 'tutti', why: '' })
    })
    const as = await own.signIn('maintainer')
    const page = async (path: string) =>
      (await own.pages.request(`http://tutti.test${path}`, { headers: { cookie: as } })).text()
    const item = await page('/items/acme/plan/80')
    expect(item).toContain('<h2>Report</h2>')
    expect(item).toContain('<td>#81 Model</td><td>Atlas</td>')
    expect(item).toContain('3 tests added, coverage 87.5 %')
    for (const path of ['/items/acme/plan/80', '/', '/audit?repository=acme/plan&kind=roadmaps']) {
      const text = await page(path)
      expect(text, path).toContain('&gt;&gt;&gt; PHASE 3: Agent Spawn - Starting (1 agent)')
      expect(text, path).toContain('[0 min] Atlas started #81')
    }
  } finally {
    await own.close()
  }
})
