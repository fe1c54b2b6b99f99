/**
 * The app as Probot's documentation tests apps: load it, let Probot receive a payload, see what it did. The GitHub client
 * is the real one; nock answers for GitHub, and a request that no test expects fails.
 */

import { randomUUID } from 'node:crypto'
import type { EmitterWebhookEvent } from '@octokit/webhooks'
import { pino } from 'pino'
import type { Probot } from 'probot'
import { describe, expect, test } from 'vitest'
import { loadCommands } from '../../../../src/commands/registry.ts'
import { getDelivery, storeDeliveries } from '../../../../src/db/deliveries.ts'
import type { Client } from '../../../../src/github/client.ts'
import { connectGitHub } from '../../../../src/github/connect.ts'
import { RetryAfter } from '../../../../src/lib/errors.ts'
import { DeliveryAttempts } from '../../../../src/webhooks/delivery-attempts.ts'
import { loadWebhookApp, tuttiApp } from '../../../../src/webhooks/probot-app.ts'
import { processDelivery } from '../../../../src/webhooks/process-delivery.ts'
import { commit, type Hook } from '../../../support/fake-github.ts'
import { Stage, useStore } from '../../../support/webhook-stage.ts'
import { github, newClient, useNock } from '../../github/api.ts'

useStore()
const log = pino({ level: 'silent' })
useNock()

interface Place {
  stage: Stage
  client: Client
  probot: Probot
  receive(hook: Hook): Promise<void>
}

/** A stage for its people and its database; GitHub itself is behind nock. */
async function place(): Promise<Place & { services: Parameters<typeof tuttiApp>[1] }> {
  const stage = await Stage.open()
  const client = newClient()
  const app = { id: 77, slug: 'tutti', name: 'tutti', permissions: {} }
  github().get('/app').reply(200, app)
  const reader = await connectGitHub(client, log, () => {})
  const commands = await loadCommands()
  const services = { store: stage.store, github: reader, commands, log, runner: new DeliveryAttempts() }
  const receive = ({ event, payload }: Hook) =>
    client.probot.receive({ id: randomUUID(), name: event, payload } as unknown as EmitterWebhookEvent)
  return { stage, client, probot: client.probot, receive, services }
}

async function loaded(): Promise<Place> {
  const made = await place()
  await made.probot.load((app) => tuttiApp(app, made.services))
  made.client.meter.reads = 0
  return made
}

/** GitHub mints a token for the installation, once. */
const mintsToken = ({ repository }: Stage) =>
  github()
    .post(`/app/installations/${repository.facts.installationId}/access_tokens`)
    .reply(201, { token: 'ghs_x', expires_at: new Date(Date.now() + 3_600_000).toISOString(), permissions: {} })

/** GitHub is asked what the maintainer may do, and grants it. */
const asksPermission = ({ repository, maintainer: { id, login } }: Stage, role = 'write') =>
  github()
    .get(`/repos/${repository.facts.fullName}/collaborators/${login}/permission`)
    .reply(200, { permission: role, role_name: role, user: { id, login } })

describe('what the handlers do', () => {
  test('issues.labeled: an issue is queued, for one token and one read', async () => {
    const { stage, client, receive } = await loaded()
    const { number } = stage.people.createIssue(stage.outsider)
    mintsToken(stage)
    asksPermission(stage)
    await receive(stage.people.label(number, 'tutti', stage.maintainer))
    expect(await stage.item(number)).toMatchObject({ state: 'queued' })
    expect(client.meter).toMatchObject({ tokens: 1, reads: 1, writes: 0 })
  })

  test('issues.labeled by someone who may only read: refused, and explained in one comment', async () => {
    const { stage, receive } = await loaded()
    const { number } = stage.people.createIssue(stage.outsider)
    mintsToken(stage)
    asksPermission(stage, 'read')
    await receive(stage.people.label(number, 'tutti', stage.maintainer))
    expect(await stage.maybeItem(number)).toBeUndefined()
    expect(await stage.wanted('comment')).toHaveLength(1)
  })

  test('issue_comment.created: a command is carried out', async () => {
    const { stage, client, receive } = await loaded()
    const { number } = stage.people.createIssue(stage.outsider)
    mintsToken(stage)
    asksPermission(stage)
    await receive(stage.people.comment(number, '/queue', stage.maintainer))
    expect(await stage.item(number)).toMatchObject({ state: 'queued' })
    expect(client.meter).toMatchObject({ reads: 1, writes: 0 })
  })

  test('pull_request_review.submitted: changes requested by a writer send the item to an agent again', async () => {
    const { stage, receive } = await loaded()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, commit())
    mintsToken(stage)
    asksPermission(stage)
    const hook = stage.people.review(pull.number, 'changes_requested', stage.maintainer)
    github()
      .get(`/repos/${stage.repository.facts.fullName}/pulls/${pull.number}/reviews/${hook.reviewId}/comments`)
      .query({ per_page: 100 })
      .reply(200, [])
    await receive(hook)
    expect((await stage.item(item.issueNumber)).state).not.toBe('reviewing')
  })

  const silent: [string, (stage: Stage, number: number, pull: number) => Hook, string][] = [
    ['issues.deleted', ({ people, maintainer }, number) => people.remove(number, maintainer), 'cancelled'],
    ['pull_request.closed', ({ people, maintainer }, _, pull) => people.mergePull(pull, maintainer), 'done'],
    [
      'delete',
      ({ people, maintainer }) => people.hook('delete', undefined, maintainer, { ref: 'main', ref_type: 'branch' }),
      // GitHub deletes no default branch: it has another name, which the next event says.
      'reviewing',
    ],
    ['repository.archived', ({ people, maintainer }) => people.hook('repository', 'archived', maintainer, {}), 'held'],
    [
      'installation.suspend',
      ({ people, maintainer }) => people.hook('installation', 'suspend', maintainer, {}),
      'held',
    ],
    ['check_run.created', ({ people, maintainer }) => people.hook('check_run', 'created', maintainer, {}), 'reviewing'],
  ]
  test.for(silent)('%s asks GitHub for nothing', async ([, hook, state]) => {
    const { stage, client, receive } = await loaded()
    const item = await stage.issueIn('reviewing')
    const pull = await stage.pullOf(item, commit())
    await receive(hook(stage, item.issueNumber, pull.number))
    expect(await stage.item(item.issueNumber)).toMatchObject({ state })
    expect(client.meter).toMatchObject({ tokens: 0, reads: 0, writes: 0 })
  })

  test('a payload that does not fit fails the receive, as Probot has it, when no job waits for the outcome', async () => {
    const { stage, receive } = await loaded()
    const { payload } = stage.people.hook('issues', 'closed', stage.maintainer, { issue: null })
    await expect(receive({ event: 'issues', payload })).rejects.toThrow(AggregateError)
  })
})

describe('Probot', () => {
  test('making a context asks GitHub for nothing, not even for a token, whatever the event', async () => {
    const { stage, client, probot, receive } = await place()
    client.meter.reads = 0
    const seen: string[] = []
    probot.onAny(({ name }) => {
      seen.push(name)
    })
    const { people, maintainer } = stage
    const { number } = people.createIssue(maintainer)
    await receive(people.label(number, 'tutti', maintainer))
    await receive(people.hook('installation', 'created', maintainer, {}))
    await receive(people.hook('installation', 'deleted', maintainer, {}))
    await receive(people.hook('installation_repositories', 'added', maintainer, { repositories_added: [] }))
    await receive(people.hook('push', undefined, maintainer, { installation: undefined }))
    expect(seen).toEqual(['issues', 'installation', 'installation', 'installation_repositories', 'push'])
    expect(client.meter).toMatchObject({ tokens: 0, reads: 0, writes: 0 })
  })

  async function deliver(hook: Hook, { stage, services, probot }: Awaited<ReturnType<typeof place>>, last = false) {
    const deliveryId = randomUUID()
    await storeDeliveries(stage.store, [{ deliveryId, event: hook.event, payload: JSON.stringify(hook.payload) }])
    const webhooks = await loadWebhookApp(probot, services)
    const context = { store: stage.store, log, webhooks }
    const error = await processDelivery(context, { deliveryIds: [deliveryId] }, { last }).catch((thrown) => thrown)
    return { error, row: await getDelivery(stage.store.db, deliveryId) }
  }

  test('a pause that GitHub asks for reaches the job as it is, without the payload on it', async () => {
    const made = await place()
    const { number } = made.stage.people.createIssue(made.stage.outsider)
    made.client.meter.pausedUntil = Date.now() + 60_000
    const { error, row } = await deliver(made.stage.people.label(number, 'tutti', made.stage.maintainer), made, true)
    expect(error).toBeInstanceOf(RetryAfter)
    expect(error).not.toHaveProperty('event')
    expect(row?.state).toBe('stored')
  })

  test('when Probot itself fails the job has the error behind it, without the payload on it', async () => {
    const made = await place()
    const { number } = made.stage.people.createIssue(made.stage.outsider)
    const broken = new Error('Probot is broken')
    made.probot.onAny(() => {
      throw broken
    })
    const { error, row } = await deliver(made.stage.people.label(number, 'other', made.stage.maintainer), made)
    expect(error).toBe(broken)
    expect(error).not.toHaveProperty('event')
    expect(row?.state).toBe('stored')
  })

  test('the outcomes of deliveries that are under way together are kept apart', async () => {
    const attempts = new DeliveryAttempts()
    const one = { receivedAt: new Date(), seenBefore: async () => false }
    const event = { kind: 'repositories-added' } as const
    const results = await Promise.all(
      ['a', 'b', 'c'].map((deliveryId, index) =>
        attempts.during({ ...one, deliveryId }, async () => {
          await new Promise((resolve) => setTimeout(resolve, 10 * (3 - index)))
          await attempts.run(
            deliveryId,
            () => event,
            async () => ({ state: 'done', note: deliveryId }),
          )
        }),
      ),
    )
    expect(results.map(({ outcomes }) => outcomes.map(({ note }) => note))).toEqual([['a'], ['b'], ['c']])
    const twice = attempts.during({ ...one, deliveryId: 'd' }, () =>
      attempts.during({ ...one, deliveryId: 'd' }, async () => {}).then(() => {}),
    )
    await expect(twice).rejects.toThrow('is being acted on')
  })

  test('the same delivery in two jobs at once acts once, and its outcome stays', async () => {
    const { stage, services, probot } = await place()
    const { number } = stage.people.createIssue(stage.outsider)
    mintsToken(stage)
    asksPermission(stage)
    const hook = stage.people.label(number, 'tutti', stage.maintainer)
    const deliveryIds = [randomUUID()]
    const [deliveryId = ''] = deliveryIds
    await storeDeliveries(stage.store, [{ deliveryId, event: hook.event, payload: JSON.stringify(hook.payload) }])
    const context = { store: stage.store, log, webhooks: await loadWebhookApp(probot, services) }
    await Promise.all([processDelivery(context, { deliveryIds }), processDelivery(context, { deliveryIds })])
    expect((await getDelivery(stage.store.db, deliveryId))?.state).toBe('done')
  })
})
