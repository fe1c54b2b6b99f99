/** Webhooks of any shape, through the whole intake and Probot: each is settled at once, and none of them stays. */

import { createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import { pino } from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { getDelivery } from '../../../src/db/deliveries.ts'
import { processDelivery } from '../../../src/webhooks/process-delivery.ts'
import { createReceiver } from '../../../src/webhooks/receive.ts'
import { changed, changes, fuzz, fuzzTimeout, markdown, oddJson } from '../../support/fuzz.ts'
import { Stage, theStore, useStore } from '../../support/webhook-stage.ts'

useStore()
const secret = 'a secret'
const log = pino({ level: 'silent' })

/** @returns sends a body as GitHub does. */
async function receiver() {
  const server = createServer(createReceiver({ store: theStore(), secret, log }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/api/github/webhooks`
  return async (event: string, body: Buffer) => {
    const deliveryId = randomUUID()
    const signature = `sha256=${createHmac('sha256', secret).update(body).digest('hex')}`
    const { status } = await fetch(url, {
      ...{ method: 'POST', body: new Uint8Array(body) },
      headers: {
        ...{ 'content-type': 'application/json', 'x-github-event': event, 'x-github-delivery': deliveryId },
        'x-hub-signature-256': signature,
      },
    })
    return { status, deliveryId }
  }
}

interface Example {
  name: string
  examples: Record<string, unknown>[]
}
const published = structuredClone(createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[])
const served = published.flatMap(({ name, examples }) => examples.map((payload) => ({ event: name, payload })))

test(
  'what is taken is stored, and settled by one look; what is not taken leaves nothing',
  async () => {
    const stage = await Stage.open()
    const issue = stage.people.createIssue(stage.outsider)
    const { payload: ours } = stage.people.label(issue.number, 'tutti', stage.maintainer)
    const send = await receiver()
    const [number, sender] = [issue.number, ours.sender]
    // Examples of GitHub's, as if they were of our repository, about its issue, by someone who may do everything.
    const near = fc.constantFrom(...served).map(({ event, payload }) => {
      const about = payload.issue ? { issue: { ...(payload.issue as object), number } } : {}
      const envelope = { repository: ours.repository, installation: ours.installation, sender }
      return { event, payload: { ...payload, ...envelope, ...about } }
    })
    const commented = markdown.map((body) => ({
      event: 'issue_comment',
      payload: stage.people.comment(number, body, stage.maintainer).payload,
    }))
    const spoilt = fc
      .tuple(fc.oneof(near, commented), fc.oneof(fc.constant([]), changes))
      .map(([{ event, payload }, list]) => ({
        ...{ event, body: Buffer.from(JSON.stringify(changed<unknown>(payload, list))) },
      }))
    const anything = fc
      .tuple(fc.constantFrom('issues', 'issue_comment', 'push', 'x', 'installation'), fc.oneof(oddJson, markdown))
      .map(([event, value]) => ({
        event,
        body: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
      }))
    await fuzz('webhooks', fc.oneof({ weight: 6, arbitrary: spoilt }, { weight: 1, arbitrary: anything }), {
      inputs: 60,
      holds: async ({ event, body }) => {
        const { status, deliveryId } = await send(event, body)
        const row = await getDelivery(stage.store.db, deliveryId)
        if (status !== 202) {
          expect(status).toBeGreaterThanOrEqual(400)
          expect(status).toBeLessThan(500)
          expect(row).toBeUndefined()
          return
        }
        expect(row?.state).toBe('stored')
        await processDelivery(stage.parts, { deliveryIds: [deliveryId] }, { last: false })
        expect((await getDelivery(stage.store.db, deliveryId))?.state).toMatch(/^(?:done|ignored)$/)
      },
    })
  },
  fuzzTimeout,
)
