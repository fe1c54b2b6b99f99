/** Commands that the command line gives to a running Tutti: over real HTTP, and how the audit log names them. */

import { getRequestListener } from '@hono/node-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { listen } from '../../../src/api/server.ts'
import { giveByRest } from '../../../src/cli/lib/client.ts'
import { latestEntries } from '../../../src/db/audit-log.ts'
import { openApiPlace } from '../../support/api-place.ts'

let place: Awaited<ReturnType<typeof openApiPlace>>
let server: Awaited<ReturnType<typeof listen>>
beforeAll(async () => {
  place = await openApiPlace()
  server = await listen(getRequestListener(place.api.fetch), { HOST: '127.0.0.1', PORT: 0 })
})
afterAll(async () => {
  await server.close()
  await place.close()
})

const queue = () => place.commands.get('queue') ?? { name: 'queue' }

test('what is typed is `cli` in the audit log, what another program sends is `rest`', async () => {
  const { store, repositories, token, ask } = place
  const access = { url: server.url, token: await token('admin') }
  const answer = await giveByRest(access, { command: queue(), args: {}, repository: 'acme/app', on: 12 })
  expect(answer.text).toBeTruthy()
  await ask('POST /api/commands/queue', { secret: access.token, body: { repository: 'acme/app', on: 12 } })
  const entries = await latestEntries(store.db, repositories.app.id, 20)
  const doors = entries.filter(({ what }) => what === '/queue').map(({ detail }) => detail.door)
  expect(doors).toEqual(['rest', 'cli'])
})

test('a refusal, a wrong token and a server that is gone are errors of their own kinds', async () => {
  const access = { url: server.url, token: await place.token('read') }
  const given = { command: queue(), args: {}, repository: 'acme/app', on: 12 }
  await expect(giveByRest(access, given)).rejects.toMatchObject({
    name: 'VerbError',
    message: expect.stringContaining('needs write permission'),
  })
  await expect(giveByRest({ ...access, token: 'tutti_wrong' }, given)).rejects.toMatchObject({ exit: 'unreachable' })
  const gone = giveByRest({ ...access, url: 'http://127.0.0.1:9' }, given)
  await expect(gone).rejects.toMatchObject({
    exit: 'unreachable',
    message: expect.stringContaining('no Tutti answers at'),
  })
})
