import { sql } from 'drizzle-orm'
import { pino } from 'pino'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { EventHub, type Listener } from '../../../src/api/event-hub.ts'
import { eventStream } from '../../../src/api/event-stream.ts'
import { revokeToken } from '../../../src/api/tokens.ts'
import { appendAudit } from '../../../src/db/audit-log.ts'
import type { Store } from '../../../src/db/connect.ts'
import type { RepositoryRow } from '../../../src/db/repositories.ts'
import { listEvents } from '../../../src/views/events.ts'
import { openApiPlace } from '../../support/api-place.ts'

let place: Awaited<ReturnType<typeof openApiPlace>>
beforeAll(async () => {
  place = await openApiPlace()
})
afterAll(() => place.close())

const happens = (repo: RepositoryRow, what: string) =>
  place.store.transaction((tx) => appendAudit(tx, { repositoryId: repo.id, actor: 'mona', what }))

/** Listens, and reads until a text has come. */
async function listen(secret: string, headers: Record<string, string> = {}, query = '') {
  const answer = await place.ask(`GET /api/events${query}`, {
    secret,
    headers: { Accept: 'text/event-stream', ...headers },
  })
  expect(answer.headers.get('Content-Type')).toContain('text/event-stream')
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  const decoder = new TextDecoder()
  let text = ''
  // The first line comes when it has taken its seat.
  const first = await reader.read()
  text += decoder.decode(first.value)
  return {
    until: async (part: string): Promise<string> => {
      while (!text.includes(part)) {
        const { value, done } = await reader.read()
        if (done) throw new Error(`it ended without ${part}: ${text}`)
        text += decoder.decode(value)
      }
      return text
    },
    untilEnd: async () => {
      while (!(await reader.read()).done);
    },
    leave: () => reader.cancel(),
  }
}

test('a listener hears what it may see, and goes on from the last event that it has', async () => {
  const { repositories, token, events } = place
  await happens(repositories.app, 'before')
  const [one, all] = [await listen(await token('read')), await listen(await token('read', 'all'))]
  await happens(repositories.other, 'secret')
  await happens(repositories.app, 'first')
  const heard = await one.until('"first"')
  expect(heard).toMatch(/^retry: \d+\n\n/)
  expect(heard).not.toContain('secret')
  expect(heard).not.toContain('before')
  expect(await all.until('"first"')).toContain('secret')
  const [, id = ''] = /id: (\d+)\ndata: [^\n]*"first"/.exec(heard) ?? []
  await one.leave()
  await happens(repositories.app, 'missed')
  await happens(repositories.other, 'secret again')
  const again = await listen(await token('read'), { 'Last-Event-ID': id })
  await happens(repositories.app, 'then')
  const later = await again.until('"then"')
  expect(later.match(/"what":"\w+"/g)).toEqual(['"what":"missed"', '"what":"then"'])
  await Promise.all([again.leave(), all.leave()])
  expect(events.size).toBe(0)
})

test('who joins while the others are read for misses nothing that only it may see', async (context) => {
  const { store, repositories, token } = place
  // The embedded database has one transaction at a time.
  if (store.kind !== 'postgres') return context.skip()
  const [few, many] = [await token('read', 'other'), await token('read', 'all')]
  const one = await listen(few)
  const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const over = store.transaction(async (tx) => {
    await tx.db.execute(sql`lock table audit_log in access exclusive mode`)
    begun.resolve()
    await released.promise
    // Written in the order of their repositories: what the first listener does not see comes first.
    await appendAudit(tx, { repositoryId: repositories.app.id, actor: 'mona', what: 'hidden' })
    await appendAudit(tx, { repositoryId: repositories.other.id, actor: 'mona', what: 'shown' })
  })
  await begun.promise
  const waiting = sql`select count(*) as count from pg_locks where relation = 'audit_log'::regclass and not granted`
  const count = async () =>
    ((await store.db.execute(waiting)) as unknown as { rows: { count: string }[] }).rows[0]?.count
  await vi.waitFor(async () => expect(Number(await count())).toBe(1), { timeout: 10_000 })
  const all = await listen(many)
  released.resolve()
  await over
  expect(await all.until('"shown"')).toContain('"hidden"')
  expect(await one.until('"shown"')).not.toContain('"hidden"')
  await Promise.all([one.leave(), all.leave()])
})

test('an entry that must wait for another transaction holds back those behind it, and none is lost', async (context) => {
  const { store, repositories, token } = place
  const { app, other } = repositories
  // The embedded database has one transaction at a time.
  if (store.kind !== 'postgres') return context.skip()
  const secret = await token('admin')
  await happens(app, 'early')
  const listener = await listen(secret, {}, '?after=0')
  const heard = await listener.until('"early"')
  const from = Number(heard.match(/id: (\d+)\ndata: [^\n]*"early"/)?.[1])
  /** A transaction that has its number, and waits before it does anything more. */
  const waiting = async (then: string | undefined) => {
    const [begun, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    const over = store.transaction(async (tx) => {
      await tx.db.execute(sql`select pg_current_xact_id()`)
      begun.resolve()
      await released.promise
      if (then) await appendAudit(tx, { repositoryId: app.id, actor: 'mona', what: then })
    })
    await begun.promise
    const end = () => {
      released.resolve()
      return over
    }
    return { end }
  }
  const older = await waiting('by the older one')
  const between = await waiting(undefined)
  await happens(app, 'by the newer one')
  await older.end()
  expect(await listEvents(store.db, [app.id, other.id], { after: from })).toEqual([])
  // The entries of one repository are chained: what is there of it is there in order.
  expect(await listEvents(store.db, [app.id], { after: from })).toHaveLength(2)
  await between.end()
  const text = await listener.until('"by the older one"')
  expect(text).toContain('"by the newer one"')
  await listener.leave()
})

test('many missed events come in their order, each once, page after page', async () => {
  const { repositories, store, token } = place
  const first = await listen(await token('read'))
  await happens(repositories.app, 'start')
  const [, id = ''] = /id: (\d+)\ndata: [^\n]*"start"/.exec(await first.until('"start"')) ?? []
  await first.leave()
  await store.transaction(async (tx) => {
    for (let n = 0; n < 450; n++)
      await appendAudit(tx, { repositoryId: repositories.app.id, actor: 'a', what: `n${n}` })
  })
  const again = await listen(await token('read'), {}, `?after=${id}`)
  const text = await again.until('"n449"')
  expect(text.match(/"what":"n\d+"/g)).toEqual(Array.from({ length: 450 }, (_, n) => `"what":"n${n}"`))
  await again.leave()
})

test('without a listener nothing is read, and a hundred cost as much as one', async () => {
  const { store, repositories } = place
  let reads = 0
  const db = new Proxy(store.db, {
    get: (target, key) => {
      if (key === 'select') reads++
      return Reflect.get(target, key)
    },
  })
  let moved = () => {}
  const watch: Store['watch'] = (watcher) => {
    const { id: repositoryId } = repositories.app
    moved = () => watcher({ repositoryId, issueNumber: 1, from: 'ready', to: 'running', actor: '', why: '' })
  }
  const hub = new EventHub({ db, watch }, pino({ level: 'silent' }))
  const heard: string[] = []
  const listener: Listener = {
    after: undefined,
    sees: async () => [repositories.app.id],
    wants: ({ what }) => what === 'for all',
    send: ({ what }) => heard.push(what) > 0,
    changed: () => true,
    beat: () => true,
    end: () => {},
  }
  const idle = () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    moved()
    const waiting = vi.getTimerCount()
    vi.advanceTimersByTime(60_000)
    vi.useRealTimers()
    return waiting
  }
  expect(idle()).toBe(0)
  expect(reads).toBe(0)
  const leave = [await hub.join(listener)]
  reads = 0
  for (let n = 1; n < 100; n++) leave.push(await hub.join(listener))
  expect(reads).toBe(0)
  await happens(repositories.app, 'for all')
  await expect.poll(() => heard.length).toBe(100)
  expect(reads).toBeLessThan(100)
  for (const go of leave) go?.()
  expect(hub.size).toBe(0)
  // The look that is under way may end.
  await hub.join(listener).then((go) => go?.())
  reads = 0
  expect(idle()).toBe(0)
  expect(reads).toBe(0)
})

test('who cannot keep up is dropped', async () => {
  let room = 0
  let left = false
  const stream = eventStream(async ({ write }) => {
    while (write(new Uint8Array(10_000))) room++
    return () => {
      left = true
    }
  })
  const reader = stream.getReader()
  await reader.read()
  expect(room).toBeGreaterThan(20)
  expect(room).toBeLessThan(40)
  await reader.cancel()
  expect(left).toBe(true)
})

test('pages go on with `next` and `Link`; the end of the process ends the streams', async () => {
  const { repositories, token, ask, store } = place
  for (const what of ['p1', 'p2', 'p3']) await happens(repositories.app, what)
  const secret = await token('read')
  const first = await ask('GET /api/events?limit=2', { secret })
  const body = (await first.json()) as { events: { what: string }[]; next: number }
  expect(body.events.map(({ what }) => what)).toEqual(['p3', 'p2'])
  expect(first.headers.get('Link')).toBe(`</api/events?limit=2&before=${body.next}>; rel="next"`)
  const second = await ask(`GET /api/events?limit=2&before=${body.next}`, { secret })
  expect(((await second.json()) as { events: { what: string }[] }).events[0]?.what).toBe('p1')
  expect((await ask('GET /api/events?limit=many', { secret })).status).toBe(400)
  const open = await listen(secret)
  place.events.close()
  await open.untilEnd()
  await revokeToken(store, 'read-app', 'mona')
  expect((await ask('GET /api/events', { secret })).status).toBe(401)
})
