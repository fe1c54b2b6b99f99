/** What comes to the webhook address of a serving Tutti and is not GitHub's word. */

import { createHmac, randomUUID } from 'node:crypto'
import { pino } from 'pino'
import { expect, test } from 'vitest'
import { openStore } from '../../src/db/connect.ts'
import { deliveries } from '../../src/db/schema/deliveries.ts'
import { jobs } from '../../src/jobs.ts'
import { openWorld } from '../support/world.ts'

test('only what is signed and well formed gets in; the rest is refused and leaves no trace', async () => {
  const world = await openWorld()
  const { github, repository, maintainer } = world
  const sign = (body: string, secret = github.app.webhookSecret) =>
    `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
  const send = async (body: string, headers: Record<string, string | undefined>) => {
    const id = randomUUID()
    const given = {
      'x-github-event': 'issues',
      'x-github-delivery': id,
      'content-type': 'application/json',
      ...headers,
    }
    const set = Object.fromEntries(Object.entries(given).filter((entry): entry is [string, string] => !!entry[1]))
    const answer = await fetch(`${world.tutti.url}/api/github/webhooks`, { method: 'POST', body, headers: set })
    return { id, status: answer.status, text: await answer.text() }
  }

  const body = JSON.stringify({ action: 'labeled', sender: { id: 1 } })
  const unsigned = await send(body, {})
  expect(unsigned).toMatchObject({ status: 401, text: 'X-Hub-Signature-256 is missing or malformed\n' })
  const wrong = await send(body, { 'x-hub-signature-256': sign(body, 'another secret') })
  expect(wrong).toMatchObject({ status: 401, text: 'the signature does not fit the body\n' })
  const changed = await send(`${body} `, { 'x-hub-signature-256': sign(body) })
  expect(changed.status).toBe(401)
  const tooLarge = await send(' '.repeat(25 * 2 ** 20 + 1), { 'x-hub-signature-256': sign('') })
  expect(tooLarge.status).toBe(413)
  const cut = '{"action":"labeled"'
  const malformed = await send(cut, { 'x-hub-signature-256': sign(cut) })
  expect(malformed).toMatchObject({ status: 400, text: 'the body is not a JSON object\n' })
  const unheardOf = await send(body, { 'x-hub-signature-256': sign(body), 'x-github-event': 'unheard_of' })
  expect(unheardOf.status).toBe(202)

  // None of it keeps the next person waiting.
  const issue = await world.queued('Say hello', 'write src/hello.txt: hello')
  await world.untilStatus(issue, /./)
  const reported = await maintainer.comment(repository, issue.number, '/status')
  await github.until(() => reported.reactions.length > 0, 'the command is answered')

  await world.stopTutti()
  const store = await openStore({
    queues: Object.values(jobs),
    databaseUrl: world.env.DATABASE_URL,
    directory: world.env.DATA_DIR ?? '',
    log: pino({ level: 'silent' }),
  })
  const rows = await store.db.select().from(deliveries)
  await store.close()
  const stored = new Map(rows.map((row) => [row.deliveryId, row]))
  for (const { id } of [unsigned, wrong, changed, tooLarge, malformed]) expect(stored.has(id)).toBe(false)
  expect(stored.get(unheardOf.id)).toMatchObject({ state: 'ignored', note: expect.stringContaining('unheard_of') })
})
