import { afterAll, beforeAll, expect, test } from 'vitest'
import { openApiPlace } from '../../support/api-place.ts'

let place: Awaited<ReturnType<typeof openApiPlace>>
beforeAll(async () => {
  place = await openApiPlace()
})
afterAll(() => place.close())

test('a host is an address, this machine, or the public name', async () => {
  const secret = await place.token('read')
  const status = async (headers: Record<string, string>) =>
    (await place.ask('GET /api/repositories', { secret, headers })).status
  for (const host of ['localhost:3000', '127.0.0.1', '[::1]:3000', '10.1.2.3:3000', 'tutti.example'])
    expect(await status({ Host: host }), host).toBe(200)
  for (const host of ['evil.example', '127.0.0.1.evil.example', 'localhost.evil.example:3000', 'a b'])
    expect(await status({ Host: host }), host).toBe(403)
  expect(await status({ Host: 'localhost:3000', Origin: 'http://localhost:3000' })).toBe(200)
  expect(await status({ Origin: 'https://tutti.example' })).toBe(200)
  expect(await status({ Host: 'localhost:3000', Origin: 'http://localhost:4000' })).toBe(403)
})

test('failed log-ins are held back after some time, and a valid token never', async () => {
  const secret = await place.token('read')
  const guess = () => place.ask('GET /api/repositories', { secret: `tutti_${'b'.repeat(43)}` })
  for (let times = 0; times < 20; times++) expect((await guess()).status).toBe(401)
  const late = await guess()
  expect(late.status).toBe(429)
  expect(Number(late.headers.get('Retry-After'))).toBeGreaterThan(0)
  expect((await place.ask('GET /api/repositories', { secret })).status).toBe(200)
})

test('an id of the request is in the answer and in the problem', async () => {
  const secret = await place.token('read')
  const given = await place.ask('GET /api/none', { secret, headers: { 'X-Request-Id': 'abc-1' } })
  expect(given.status).toBe(404)
  expect(given.headers.get('X-Request-Id')).toBe('abc-1')
  expect(await given.json()).toMatchObject({ requestId: 'abc-1', type: 'urn:tutti:problem:not-found' })
  const made = await place.ask('GET /api/repositories', { secret, headers: { 'X-Request-Id': 'x\ty' } })
  expect(made.headers.get('X-Request-Id')).toMatch(/^[\da-f-]{36}$/)
})

test('tokens are managed by an admin of everything', async () => {
  const request = { name: 'made', role: 'read', repositories: ['acme/app'] }
  const scoped = await place.ask('POST /api/tokens', { secret: await place.token('admin'), body: request })
  expect(scoped.status).toBe(403)
  const secret = await place.token('admin', 'all')
  const made = await place.ask('POST /api/tokens', { secret, body: request })
  expect(made.status).toBe(201)
  expect(made.headers.get('Cache-Control')).toBe('no-store')
  const body = (await made.json()) as { secret: string; token: object }
  expect(body.token).toMatchObject({ name: 'made', createdBy: 'token:admin-all' })
  const seen = await place.ask('GET /api/repositories', { secret: body.secret })
  expect(await seen.json()).toEqual({ repositories: [{ systemId: 'acme/app', status: 'active', permission: 'read' }] })
  expect((await place.ask('POST /api/tokens', { secret, body: request })).status).toBe(409)
  expect((await place.ask('DELETE /api/tokens/made', { secret })).status).toBe(200)
  expect((await place.ask('GET /api/repositories', { secret: body.secret })).status).toBe(401)
  expect((await place.ask('DELETE /api/tokens/none', { secret })).status).toBe(404)
})

test('the same key acts once, and cannot ask for something else', async () => {
  const secret = await place.token('operate')
  const headers = { 'Idempotency-Key': 'k1' }
  const pause = (body: object) => place.ask('PUT /api/orchestration/pause', { secret, headers, body })
  const first = await pause({ repository: 'acme/app' })
  const second = await pause({ repository: 'acme/app' })
  expect(first.status).toBe(200)
  expect(await second.json()).toEqual(await first.json())
  expect((await place.ask('PUT /api/orchestration/resume', { secret, headers, body: {} })).status).toBe(409)
})

test('the reference is served from here alone', async () => {
  const answer = await place.ask('GET /api/docs')
  const text = await answer.text()
  expect(answer.headers.get('Content-Security-Policy')).toContain("default-src 'none'")
  expect(text).not.toMatch(/https?:/)
  for (const [, file = ''] of text.matchAll(/(?:src|href)="([^"]+)"/g))
    expect((await place.ask(`GET ${file}`)).status, file).toBe(200)
  expect((await place.ask('GET /api/docs/..%2f..%2fpackage.json', { secret: await place.token('read') })).status).toBe(
    404,
  )
})
