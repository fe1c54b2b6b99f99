/** Who may ask what, and how the API answers in general. */
import { createPrivateKey, createSign, generateKeyPairSync } from 'node:crypto'
import { expect, test } from 'vitest'
import { client, failure, installationClient, playground, tokenClient } from '../../support/playground.ts'

const at = { owner: 'acme', repo: 'demo' }

function jwt(claims: Record<string, unknown>, privateKey: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const signed = `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}`
  return `${signed}.${createSign('RSA-SHA256').update(signed).sign(createPrivateKey(privateKey), 'base64url')}`
}

async function asApp(url: string, token: string): Promise<{ status: number; message: string }> {
  const response = await fetch(`${url}/app`, { headers: { authorization: `Bearer ${token}` } })
  return { status: response.status, message: ((await response.json()) as { message: string }).message }
}

test('the app is known by its signature, its number or client id, and by times that are right', async () => {
  const github = await playground()
  const { id, clientId, privateKey } = github.app
  const now = Math.floor(Date.now() / 1000)
  const ask = (claims: object, key = privateKey) =>
    asApp(github.apiUrl, jwt({ iat: now - 30, exp: now + 570, iss: id, ...claims }, key))
  expect((await ask({})).status).toBe(200)
  expect((await ask({ iss: clientId })).status).toBe(200)
  const other = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    publicKeyEncoding: { type: 'spki', format: 'pem' },
  })
  expect(await ask({}, other.privateKey)).toEqual({ status: 401, message: 'A JSON web token could not be decoded' })
  expect((await ask({ iss: id + 1 })).status).toBe(401)
  expect((await ask({ exp: now - 1 })).message).toMatch(/^'Expiration time' claim \('exp'\) must be a numeric value/)
  expect((await ask({ exp: now + 700 })).message).toBe("'Expiration time' claim ('exp') is too far in the future")
  expect((await ask({ iat: now + 120 })).message).toMatch(/^'Issued at' claim \('iat'\) must be an Integer/)
  expect((await asApp(github.apiUrl, 'nonsense')).status).toBe(401)
  const { data } = await client(github).rest.apps.getAuthenticated()
  expect(data).toMatchObject({ id, slug: 'tutti', installations_count: 0 })
})

test("the client corrects a clock that is a day off by the server's date", async () => {
  const github = await playground({ now: () => new Date(Date.now() + 24 * 3600 * 1000) })
  await github.createRepository({ owner: 'acme', name: 'demo' })
  const octokit = await installationClient(github)
  expect((await octokit.rest.repos.get(at)).status).toBe(200)
})

test('a token reaches only the repositories and permissions it was narrowed to', async () => {
  const github = await playground()
  await github.createRepository({ owner: 'acme', name: 'demo', files: { a: '1' } })
  await github.createRepository({ owner: 'acme', name: 'other' })
  await github.createRepository({ owner: 'acme', name: 'foreign', installed: false })
  const app = client(github)
  const { data: installation } = await app.rest.apps.getRepoInstallation(at)
  const { data: minted } = await app.rest.apps.createInstallationAccessToken({
    installation_id: installation.id,
    repositories: ['demo'],
    permissions: { issues: 'write', contents: 'read' },
  })
  expect(minted.token).toMatch(/^ghs_\d+_\w+\.[\w-]+\.[\w-]+$/)
  expect(minted.repositories?.map(({ name }) => name)).toEqual(['demo'])
  const octokit = tokenClient(github, minted.token)
  expect((await octokit.rest.apps.listReposAccessibleToInstallation()).data.total_count).toBe(1)
  expect((await octokit.rest.issues.create({ ...at, title: 'one' })).status).toBe(201)
  expect(await failure(octokit.rest.repos.get({ ...at, repo: 'other' }))).toMatchObject({ status: 404 })
  expect(await failure(octokit.rest.repos.get({ ...at, repo: 'foreign' }))).toMatchObject({ status: 404 })
  expect(await failure(octokit.rest.pulls.list(at))).toMatchObject({
    status: 403,
    response: { data: { message: 'Resource not accessible by integration', status: '403' } },
  })
  expect(await failure(octokit.rest.git.deleteRef({ ...at, ref: 'heads/main' }))).toMatchObject({ status: 403 })
  const wish = { installation_id: installation.id, permissions: { administration: 'write' as const } }
  expect(await failure(app.rest.apps.createInstallationAccessToken(wish))).toMatchObject({ status: 422 })
  const foreign = { installation_id: installation.id, repositories: ['foreign'] }
  expect(await failure(app.rest.apps.createInstallationAccessToken(foreign))).toMatchObject({ status: 422 })
  expect(await failure(app.rest.apps.getRepoInstallation({ ...at, repo: 'foreign' }))).toMatchObject({ status: 404 })
  await octokit.rest.apps.revokeInstallationAccessToken()
  expect(await failure(octokit.rest.repos.get(at))).toMatchObject({ status: 401 })
})

test("a token ends after an hour of the playground's clock", async () => {
  let now = Date.parse('2026-11-21T12:00:00Z')
  const github = await playground({ now: () => new Date(now) })
  await github.createRepository({ owner: 'acme', name: 'demo' })
  const claims = { iat: now / 1000 - 30, exp: now / 1000 + 570, iss: github.app.id }
  const app = tokenClient(github, jwt(claims, github.app.privateKey))
  const { data: installation } = await app.rest.apps.getRepoInstallation(at)
  const { data: minted } = await app.rest.apps.createInstallationAccessToken({ installation_id: installation.id })
  expect(minted.expires_at).toBe('2026-11-21T13:00:00Z')
  now += 3599_000
  expect((await tokenClient(github, minted.token).rest.repos.get(at)).status).toBe(200)
  now += 1000
  expect(await failure(tokenClient(github, minted.token).rest.repos.get(at))).toMatchObject({
    status: 401,
    response: { data: { message: 'Bad credentials' } },
  })
})

test('lists come in pages with links, under both base addresses', async () => {
  const github = await playground()
  const repository = await github.createRepository({ owner: 'acme', name: 'demo' })
  for (let count = 1; count <= 7; count += 1)
    await github.as('maintainer').createIssue(repository, { title: `${count}` })
  const octokit = await installationClient(github)
  const { headers, data } = await octokit.rest.issues.listForRepo({ ...at, per_page: 3, page: 2 })
  expect(data.map(({ number }) => number)).toEqual([4, 3, 2])
  const link = (page: number, rel: string): string =>
    `<${github.apiUrl}/repos/acme/demo/issues?per_page=3&page=${page}>; rel="${rel}"`
  expect(headers.link).toBe([link(1, 'prev'), link(3, 'next'), link(3, 'last'), link(1, 'first')].join(', '))
  const all = await octokit.paginate(octokit.rest.issues.listForRepo, { ...at, per_page: 2, direction: 'asc' })
  expect(all.map(({ number }) => number)).toEqual([1, 2, 3, 4, 5, 6, 7])
  const { token } = (await octokit.auth({ type: 'installation' })) as { token: string }
  const root = await fetch(`${github.url}/repos/acme/demo/issues/7`, { headers: { authorization: `token ${token}` } })
  expect([root.status, ((await root.json()) as { title: string }).title]).toEqual([200, '7'])
})

test('answers carry the rate limit; a spent one refuses until the hour is over', async () => {
  let now = Date.now()
  const github = await playground({ rateLimit: 3, now: () => new Date(now) })
  await github.createRepository({ owner: 'acme', name: 'demo' })
  const octokit = await installationClient(github)
  const { headers } = await octokit.rest.repos.get(at)
  expect(headers).toMatchObject({ 'x-ratelimit-limit': '3', 'x-ratelimit-remaining': '2', 'x-ratelimit-used': '1' })
  expect(headers['x-github-request-id']).toMatch(/^[0-9A-F]+$/)
  const { headers: first } = await octokit.rest.repos.get(at)
  const again = await failure(octokit.rest.repos.get({ ...at, headers: { 'if-none-match': first.etag } }))
  expect(again.status).toBe(304)
  const spent = await failure(octokit.rest.repos.get(at))
  expect(spent).toMatchObject({ status: 403, response: { headers: { 'x-ratelimit-remaining': '0' } } })
  expect((await octokit.rest.rateLimit.get()).data.rate).toMatchObject({ limit: 3, remaining: 0 })
  now += 3600_000 - 60_000
  expect(await failure(octokit.rest.repos.get(at))).toMatchObject({ status: 403 })
  now += 61_000
  // The token's hour is over as well.
  expect((await (await installationClient(github)).rest.repos.get(at)).status).toBe(200)
})

test('what is not there is 404 and listed; a server may lack routes', async () => {
  const github = await playground({ missing: ['*/reactions', { route: 'GET /app/hook/deliveries', status: 501 }] })
  const repository = await github.createRepository({ owner: 'acme', name: 'demo' })
  await github.as('maintainer').createIssue(repository, { title: 'one' })
  const octokit = await installationClient(github)
  expect(await failure(octokit.request('GET /repos/{owner}/{repo}/traffic/views', at))).toMatchObject({ status: 404 })
  // GraphQL answers 200 and names the error.
  expect((await failure(octokit.graphql('{viewer{login}}'))).message).toContain('does not know this operation')
  expect(github.unknown.map(({ route }) => route)).toEqual(['GET /repos/acme/demo/traffic/views', 'POST /graphql'])
  const reaction = { ...at, issue_number: 1, content: 'eyes' as const }
  expect(await failure(octokit.rest.reactions.createForIssue(reaction))).toMatchObject({ status: 404 })
  expect(await failure(client(github).rest.apps.listWebhookDeliveries())).toMatchObject({ status: 501 })
  github.missing.length = 0
  expect((await octokit.rest.reactions.createForIssue(reaction)).status).toBe(201)
  expect(github.calls.at(-1)).toMatchObject({
    route: 'POST /repos/{owner}/{repo}/issues/{issue_number}/reactions',
    write: true,
  })
})

test('bad requests are refused in words of GitHub', async () => {
  const github = await playground()
  const repository = await github.createRepository({ owner: 'acme', name: 'demo' })
  await github.as('maintainer').createIssue(repository, { title: 'one' })
  const octokit = await installationClient(github)
  const long = { ...at, issue_number: 1, body: 'x'.repeat(65_537) }
  expect(await failure(octokit.rest.issues.createComment(long))).toMatchObject({
    status: 422,
    response: {
      data: {
        message: 'Validation Failed',
        errors: [{ field: 'body', message: 'body is too long (maximum is 65536 characters)' }],
      },
    },
  })
  expect((await octokit.rest.issues.createComment({ ...long, body: 'x'.repeat(65_536) })).status).toBe(201)
  const untitled = await failure(octokit.request('POST /repos/{owner}/{repo}/issues', at as never))
  expect(untitled).toMatchObject({
    status: 422,
    response: { data: { message: 'Invalid request.\n\n"title" wasn\'t supplied.' } },
  })
  const { token } = (await octokit.auth({ type: 'installation' })) as { token: string }
  const broken = await fetch(`${github.apiUrl}/repos/acme/demo/issues`, {
    method: 'POST',
    headers: { authorization: `token ${token}` },
    body: '{',
  })
  expect([broken.status, await broken.json()]).toEqual([
    400,
    expect.objectContaining({ message: 'Problems parsing JSON' }),
  ])
  expect((await fetch(`${github.apiUrl}/repos/acme/demo`)).status).toBe(401)
})

test('a renamed repository answers under both names', async () => {
  const github = await playground()
  const repository = await github.createRepository({ owner: 'acme', name: 'demo' })
  const octokit = await installationClient(github)
  await github.as('acme').renameRepository(repository, 'renamed')
  expect((await octokit.rest.repos.get(at)).data.full_name).toBe('acme/renamed')
  const { data } = await octokit.rest.issues.create({ ...at, title: 'one' })
  expect(data.html_url).toBe(`${github.url}/acme/renamed/issues/1`)
})

test('suspending and uninstalling stop the app at once', async () => {
  const github = await playground()
  const repository = await github.createRepository({ owner: 'acme', name: 'demo' })
  const { token } = (await (await installationClient(github)).auth({ type: 'installation' })) as { token: string }
  const octokit = tokenClient(github, token)
  const owner = github.as('acme')
  await owner.suspend(repository)
  expect(await failure(octokit.rest.repos.get(at))).toMatchObject({ status: 403 })
  await owner.unsuspend(repository)
  expect((await octokit.rest.repos.get(at)).status).toBe(200)
  await owner.uninstall(repository)
  expect(await failure(octokit.rest.repos.get(at))).toMatchObject({ status: 401 })
  expect((await client(github).rest.apps.listInstallations()).data).toEqual([])
})

test('an app is registered from a manifest', async () => {
  const github = await playground()
  const manifest = {
    name: 'my tutti',
    redirect_url: 'http://127.0.0.1:1/setup',
    hook_attributes: { url: 'http://127.0.0.1:1/hook' },
    default_permissions: { issues: 'write' },
    default_events: ['issues'],
  }
  const form = await fetch(`${github.url}/settings/apps/new?state=abc`, {
    method: 'POST',
    body: new URLSearchParams({ manifest: JSON.stringify(manifest) }),
    redirect: 'manual',
  })
  const back = new URL(form.headers.get('location') ?? '')
  expect([form.status, back.pathname, back.searchParams.get('state')]).toEqual([302, '/setup', 'abc'])
  const code = back.searchParams.get('code') ?? ''
  const convert = () => fetch(`${github.apiUrl}/app-manifests/${code}/conversions`, { method: 'POST' })
  expect(await (await convert()).json()).toMatchObject({
    id: github.app.id,
    name: 'my tutti',
    pem: github.app.privateKey,
    webhook_secret: github.app.webhookSecret,
  })
  expect((await convert()).status).toBe(404)
  const { data: app } = await client(github).rest.apps.getAuthenticated()
  expect([app?.permissions, app?.events]).toEqual([{ metadata: 'read', issues: 'write' }, ['issues']])
  const { data: hook } = await client(github).rest.apps.getWebhookConfigForApp()
  expect(hook.url).toBe('http://127.0.0.1:1/hook')
})
