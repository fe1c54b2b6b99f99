/** The webhook endpoint over real HTTP: what is taken is stored and queued before 202, everything else leaves no trace. */

import { createHmac, randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Agent, createServer, request, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Store } from '../../../src/db/connect.ts'
import { getDelivery, knownDeliveries } from '../../../src/db/deliveries.ts'
import { createReceiver, isDelivery, type ReceiverOptions } from '../../../src/webhooks/receive.ts'
import type { SecretReport } from '../../../src/webhooks/secret-check.ts'
import { theStore, useStore } from '../../support/webhook-stage.ts'

useStore()
const log = pino({ level: 'silent' })
const secret = 'a secret'
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
const servers: Server[] = []
let port = 0

beforeAll(async () => {
  port = await serve(theStore())
})
afterAll(async () => {
  agent.destroy()
  for (const server of servers) {
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
  }
})

async function serve(store: Store, more: Partial<ReceiverOptions> = {}): Promise<number> {
  const server = createServer(createReceiver({ store, secret, log, ...more }))
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as AddressInfo).port
}

const sign = (body: Buffer | string, by = secret) => `sha256=${createHmac('sha256', by).update(body).digest('hex')}`

interface Sent {
  body?: Buffer | string
  headers?: Record<string, string | undefined>
  path?: string
  method?: string
  to?: number
}

const usual = (body: Buffer | string, deliveryId: string): Record<string, string | undefined> => ({
  'content-type': 'application/json',
  'content-length': String(Buffer.byteLength(body)),
  'x-github-event': 'ping',
  'x-github-delivery': deliveryId,
  'x-hub-signature-256': sign(body),
})

async function send(sent: Sent = {}): Promise<{ status: number; text: string; deliveryId: string }> {
  const body = sent.body ?? '{"zen":"Keep it simple."}'
  const deliveryId = sent.headers?.['x-github-delivery'] ?? randomUUID()
  const headers = Object.fromEntries(
    Object.entries({ ...usual(body, deliveryId), ...sent.headers }).filter(([, value]) => value !== undefined),
  ) as Record<string, string>
  const req = request({
    port: sent.to ?? port,
    host: '127.0.0.1',
    agent,
    method: sent.method ?? 'POST',
    path: sent.path ?? '/api/github/webhooks',
    headers,
  })
  // A slow machine is cut off while it still sends what was refused; the answer is there by then.
  req.on('error', () => {})
  req.end(body)
  const answer = await once(req, 'response').catch((error: unknown) => {
    // The server may close a connection that was idle at the very moment in which it is used again.
    if (!req.reusedSocket) throw error
  })
  if (!answer) return send({ ...sent, headers: { ...sent.headers, 'x-github-delivery': deliveryId } })
  const [res] = answer
  let text = ''
  for await (const chunk of res) text += chunk
  return { status: res.statusCode, text, deliveryId }
}

async function jobsOf(deliveryId: string): Promise<number> {
  const result = await theStore().db.execute(
    sql`select count(*)::int as n from pgboss.job where name = 'process-delivery' and jsonb_exists(data->'deliveryIds', ${deliveryId})`,
  )
  return (result as unknown as { rows: { n: number }[] }).rows[0]?.n ?? 0
}

const count = async () => {
  const result = await theStore().db.execute(sql`select count(*)::int as n from deliveries`)
  return (result as unknown as { rows: { n: number }[] }).rows[0]?.n ?? 0
}

test('a delivery is stored as it came and queued before it is answered', async () => {
  const body = '{ "zen":  "ü\\u0000 🚀" }'
  const { status, deliveryId } = await send({ body, headers: { 'x-github-event': 'issues' } })
  expect(status).toBe(202)
  const row = await getDelivery(theStore().db, deliveryId)
  expect(row).toMatchObject({ event: 'issues', payload: body, state: 'stored', note: null })
  expect(await jobsOf(deliveryId)).toBe(1)
})

test('both paths take deliveries, with a query too; nothing else does', async () => {
  for (const path of ['/', '/api/github/webhooks', '/api/github/webhooks?x=1']) {
    expect((await send({ path })).status, path).toBe(202)
  }
  expect((await send({ path: '/api/github' })).status).toBe(404)
  expect((await send({ method: 'PUT' })).status).toBe(405)
  expect(isDelivery({ method: 'POST', url: '/' })).toBe(true)
  expect(isDelivery({ method: 'GET', url: '/' })).toBe(false)
})

test('the same delivery a hundred times at once is one row and one job, and every answer is 202', async () => {
  const deliveryId = randomUUID()
  const answers = await Promise.all(
    Array.from({ length: 100 }, () => send({ headers: { 'x-github-delivery': deliveryId } })),
  )
  expect(answers.every(({ status }) => status === 202)).toBe(true)
  expect(await jobsOf(deliveryId)).toBe(1)
  expect((await send({ headers: { 'x-github-delivery': deliveryId } })).status).toBe(202)
  expect(await jobsOf(deliveryId)).toBe(1)
})

test('fifty signatures that are not right: refused, and nothing is stored', async () => {
  const body = '{"action":"created","n":1}'
  const right = sign(body)
  const sha1 = `sha1=${createHmac('sha1', secret).update(body).digest('hex')}`
  const flipped = Array.from({ length: 32 }, (_, index) => {
    const bytes = Buffer.from(right.slice(7), 'hex')
    bytes[index] = (bytes[index] ?? 0) ^ (1 << (index % 8))
    return `sha256=${bytes.toString('hex')}`
  })
  const wrong: (string | undefined)[] = [
    ...flipped,
    undefined,
    '',
    'sha256=',
    sha1,
    `sha1=${right.slice(7)}`,
    right.slice(7),
    right.toUpperCase(),
    `${right}00`,
    right.slice(0, -1),
    right.slice(0, -2),
    ` ${right}x`,
    `${right}, ${right}`,
    sign(body, 'another secret'),
    sign(body, ''),
    sign(`${body} `),
    sign(body.replace('1', '2')),
    `sha256=${'0'.repeat(64)}`,
    `sha256=${'g'.repeat(64)}`,
  ]
  expect(wrong).toHaveLength(50)
  const before = await count()
  for (const signature of wrong) {
    const headers = { 'x-hub-signature-256': signature, 'x-hub-signature': sha1 }
    expect((await send({ body, headers })).status, signature).toBe(401)
  }
  expect(await count()).toBe(before)
})

test('whether signatures fit is reported; what is malformed says nothing about the secret', async () => {
  const reports: SecretReport[] = []
  const to = await serve(theStore(), { onSecret: (report) => reports.push(report) })
  for (const signature of [sign('{}', 'another secret'), 'sha256=', sign('{}')])
    await send({ to, body: '{}', headers: { 'x-hub-signature-256': signature } })
  expect(reports).toEqual([
    { secret: 'does not fit', refused: 1 },
    { secret: 'fits', refused: 0 },
  ])
})

test('a body changed after it was signed is refused, whatever was changed', async () => {
  const body = JSON.stringify({ action: 'labeled', issue: { number: 7, title: 'A title' } })
  const headers = { 'x-hub-signature-256': sign(body) }
  const before = await count()
  for (let index = 0; index < body.length; index++) {
    const changed = Buffer.from(body)
    changed[index] = (changed[index] ?? 0) ^ 1
    expect((await send({ body: changed, headers })).status).toBe(401)
  }
  expect((await send({ body: `${body}\n`, headers })).status).toBe(401)
  expect((await send({ body: '', headers })).status).toBe(401)
  expect(await count()).toBe(before)
})

test('headers that no delivery has are refused', async () => {
  const before = await count()
  const cases: [Record<string, string | undefined>, number, RegExp][] = [
    [{ 'x-github-event': undefined }, 400, /X-GitHub-Event/],
    [{ 'x-github-event': 'issues; drop table' }, 400, /X-GitHub-Event/],
    [{ 'x-github-delivery': '' }, 400, /X-GitHub-Delivery/],
    [{ 'x-github-delivery': '../../etc/passwd' }, 400, /X-GitHub-Delivery/],
    [{ 'x-github-delivery': 'x'.repeat(101) }, 400, /X-GitHub-Delivery/],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 415, /choose the content type application\/json/],
    [{ 'content-type': 'text/plain' }, 415, /application\/json/],
    [{ 'content-type': undefined }, 415, /application\/json/],
    [{ 'content-encoding': 'gzip' }, 415, /compressed/],
  ]
  for (const [headers, status, message] of cases) {
    const answer = await send({ headers })
    expect(answer.status, JSON.stringify(headers)).toBe(status)
    expect(answer.text).toMatch(message)
  }
  expect(await count()).toBe(before)
  expect((await send({ headers: { 'content-type': 'Application/JSON; charset=utf-8' } })).status).toBe(202)
})

test('signed bodies that are not the JSON text of one object are refused', async () => {
  const deep = `{"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
  const bodies = ['', '{', '[]', 'null', '1', '"x"', '{"a":1}x', '{"a":\u0000}', '{"a":"\u0000"}', "{'a':1}", deep]
  const bytes = [
    Buffer.from([0xff, 0xfe]),
    Buffer.from('{"a":"\xff"}', 'latin1'),
    Buffer.from([0x7b, 0xc0, 0x80, 0x7d]),
  ]
  const before = await count()
  for (const body of [...bodies, ...bytes]) expect((await send({ body })).status).toBe(400)
  expect(await count()).toBe(before)
})

test('a body over the limit is refused, announced or not, and the answer arrives', async () => {
  const to = await serve(theStore(), { limitBytes: 100_000 })
  const fits = `{"x":"${'x'.repeat(99_992)}"}`
  expect(Buffer.byteLength(fits)).toBe(100_000)
  expect((await send({ to, body: fits })).status).toBe(202)
  const over = `${fits} `
  expect((await send({ to, body: over })).status).toBe(413)
  const chunked = { 'content-length': undefined, 'transfer-encoding': 'chunked' }
  expect((await send({ to, body: over, headers: chunked })).status).toBe(413)
  expect((await send({ to, body: 'x'.repeat(5_000_000) })).status).toBe(413)
  expect((await send({ to })).status).toBe(202)
})

test('twenty-five megabytes are taken, one byte more is not; memory stays bounded', async () => {
  const limit = 25 * 1024 * 1024
  const body = Buffer.alloc(limit, 'x')
  body.write('{"x":"')
  body.write('"}', limit - 2)
  const { status, deliveryId } = await send({ body })
  expect(status).toBe(202)
  expect((await getDelivery(theStore().db, deliveryId))?.payload).toHaveLength(limit)
  expect((await send({ body: Buffer.concat([body, Buffer.from(' ')]) })).status).toBe(413)
  const before = process.memoryUsage().rss
  const unsigned = { 'x-hub-signature-256': undefined }
  const answers = await Promise.all(Array.from({ length: 10 }, () => send({ body, headers: unsigned })))
  expect(answers.every((answer) => answer.status === 401)).toBe(true)
  // Ten of them would be 250 MB.
  expect(process.memoryUsage().rss - before).toBeLessThan(210 * 1024 * 1024)
})

test('a sender that goes away in the middle leaves nothing behind, and the next one is served', async () => {
  const before = await count()
  for (let round = 0; round < 20; round++) {
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    const head = Object.entries({ ...usual('x'.repeat(1_000), randomUUID()), host: 'x' })
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')
    socket.write(`POST /api/github/webhooks HTTP/1.1\r\n${head}\r\n{"half":`)
    await new Promise((resolve) => setImmediate(resolve))
    socket.destroy()
    await once(socket, 'close')
  }
  expect((await send()).status).toBe(202)
  expect(await count()).toBe(before + 1)
})

test('ten thousand bodies of noise: each is answered, none is stored that was not taken, memory stays bounded', async () => {
  const seed = randomBytes(4).readUInt32LE()
  const random = generator(seed)
  const before = await count()
  const rss = process.memoryUsage().rss
  const statuses = new Map<number, number>()
  const taken: string[] = []
  let left = 10_000
  const worker = async () => {
    while (left-- > 0) {
      const { status, deliveryId } = await send(noise(random))
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
      if (status === 202) taken.push(deliveryId)
    }
  }
  await Promise.all(Array.from({ length: 32 }, worker))
  const where = `seed ${seed}`
  expect([...statuses.keys()].sort(), where).toEqual([202, 400, 401, 415])
  expect(await count(), where).toBe(before + taken.length)
  expect((await knownDeliveries(theStore().db, taken)).size, where).toBe(taken.length)
  expect(process.memoryUsage().rss - rss, where).toBeLessThan(150 * 1024 * 1024)
})

/** mulberry32: small, and the same numbers for the same seed. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A valid delivery with some bytes changed, cut, doubled or inserted, signed before or after that. */
function noise(random: () => number): Sent {
  const pick = <T>(all: readonly T[]): T => all[Math.floor(random() * all.length)] as T
  const whole = JSON.stringify({ action: pick(['created', 'labeled']), text: 'x'.repeat(Math.floor(random() * 300)) })
  let body = Buffer.from(whole)
  for (let change = Math.floor(random() * 3); change > 0; change--) {
    const at = Math.floor(random() * body.length)
    const byte = Buffer.from([Math.floor(random() * 256)])
    body = pick([
      () => body.subarray(0, at),
      () => Buffer.concat([body.subarray(0, at), byte, body.subarray(at)]),
      () => Buffer.concat([body.subarray(0, at), byte, body.subarray(at + 1)]),
      () => Buffer.concat([body, body.subarray(at)]),
    ])()
  }
  return {
    body,
    headers: {
      'x-hub-signature-256': pick([sign(body), sign(body), sign(whole), undefined]),
      'x-github-event': pick(['issues', 'push', 'nonsense', '']),
      'content-type': pick(['application/json', 'application/json', 'application/json', 'text/html']),
    },
  }
}

test('a database that does not answer in time, or at all, means 503 and no half state', async () => {
  const store = theStore()
  let release = () => {}
  const locked = new Promise<void>((resolve) => {
    release = resolve
  })
  const slow: Store = {
    ...store,
    pipeline: async (work) => {
      await locked
      return store.pipeline(work)
    },
  }
  const to = await serve(slow, { answerWithinMs: 100 })
  const startedAt = performance.now()
  const { status, deliveryId } = await send({ to })
  expect(status).toBe(503)
  // GitHub cuts at 10 s.
  expect(performance.now() - startedAt).toBeLessThan(9_000)
  expect(await getDelivery(store.db, deliveryId)).toBeUndefined()
  release()
  // It was on its way: it is stored after all, with its job, and delivered again it is one.
  const again = async () => (await send({ to, headers: { 'x-github-delivery': deliveryId } })).status
  // A busy machine may need longer than the 100 ms of this test.
  await expect.poll(again, { timeout: 60_000 }).toBe(202)
  expect(await jobsOf(deliveryId)).toBe(1)

  const refused = async () => {
    throw Object.assign(new Error('connection refused'), { code: 'ECONNREFUSED' })
  }
  const away: Store = { ...store, pipeline: refused }
  const toAway = await serve(away)
  expect((await send({ to: toAway })).status).toBe(503)
  expect((await send({ to: toAway, body: '{', headers: {} })).status).toBe(400)
})

test.for(['insert into deliveries', 'INSERT INTO pgboss.', 'commit'])(
  '`%s` that fails leaves neither row nor job',
  async (what) => {
    const store = theStore()
    let failed = 0
    const failing: Store = {
      ...store,
      pipeline: (work) =>
        store.pipeline((send) =>
          work((statement) => {
            const text = typeof statement === 'string' ? statement : statement.text
            if (!text.includes(what)) return send(statement)
            failed++
            return send('select 1 / 0')
          }),
        ),
    }
    const to = await serve(failing)
    const { status, deliveryId } = await send({ to })
    expect([status, failed]).toEqual([503, 1])
    expect(await getDelivery(store.db, deliveryId)).toBeUndefined()
    expect(await jobsOf(deliveryId)).toBe(0)
    const again = await send({ to: await serve(store), headers: { 'x-github-delivery': deliveryId } })
    expect(again.status).toBe(202)
    expect(await jobsOf(deliveryId)).toBe(1)
  },
)

test('a burst of five thousand deliveries: none is lost', async () => {
  const to = await serve(theStore(), { answerWithinMs: 60_000 })
  let left = 5_000
  const ids: string[] = []
  const worker = async () => {
    while (left-- > 0) {
      const { status, deliveryId } = await send({ to })
      expect(status).toBe(202)
      ids.push(deliveryId)
    }
  }
  await Promise.all(Array.from({ length: 64 }, worker))
  expect((await knownDeliveries(theStore().db, ids)).size).toBe(5_000)
})
