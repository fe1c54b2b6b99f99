/** How webhooks are delivered, logged, delivered again, and mistreated. */
import { expect, test } from 'vitest'
import type { RepositoryRecord as Repository } from '../../../src/playground/github/model.ts'
import type { PlaygroundGitHub as GitHub, GitHubOptions } from '../../../src/playground/github/server.ts'
import { client, failure, type Inbox, inbox, playground } from '../../support/playground.ts'

async function start(
  options: Partial<GitHubOptions> = {},
): Promise<{ github: GitHub; hooks: Inbox; repository: Repository }> {
  const github = await playground(options)
  const repository = await github.createRepository({ owner: 'acme', name: 'demo' })
  return { github, repository, hooks: await inbox(github) }
}

/** Opens issues with these titles. */
async function open(
  { github, repository }: { github: GitHub; repository: Repository },
  ...titles: string[]
): Promise<void> {
  for (const title of titles) await github.as('keeper').createIssue(repository, { title })
}

/** The titles that arrived, once that many did. */
async function titles({ github, hooks }: { github: GitHub; hooks: Inbox }, count: number): Promise<string[]> {
  await github.until(() => hooks.received.length >= count, `${count} webhooks`)
  await settled(github)
  return hooks.received.map(({ payload }) => payload.issue.title)
}

function settled(github: GitHub): Promise<unknown> {
  return github.until(
    () => github.deliveries.every(({ statusCode }) => statusCode !== undefined),
    'all deliveries answered',
  )
}

test('a delivery carries what GitHub sends', async () => {
  const setting = await start()
  await open(setting, 'One')
  await titles(setting, 1)
  const [delivery] = setting.hooks.received
  expect(delivery?.headers).toMatchObject({
    'content-type': 'application/json',
    'x-github-event': 'issues',
    'x-github-hook-installation-target-type': 'integration',
    'x-github-hook-installation-target-id': String(setting.github.app.id),
  })
  expect(delivery?.headers['user-agent']).toMatch(/^GitHub-Hookshot\//)
  expect(delivery?.guid).toMatch(/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/)
  expect(delivery?.signed).toBe(true)
})

test('nothing is sent while there is no address, and only what the app asked for', async () => {
  const { github, repository } = await start({ app: { events: ['issues'], slug: 'helper' } })
  github.setWebhookUrl(undefined)
  await open({ github, repository }, 'without a webhook')
  const hooks = await inbox(github)
  await github.as('keeper').comment(repository, 1, 'not asked for')
  await github.as('keeper').closeIssue(repository, 1)
  github.ping()
  await github.until(() => hooks.received.length === 2, 'two webhooks')
  expect(hooks.names()).toEqual(['issues.closed', 'ping'])
  expect(github.deliveries).toHaveLength(2)
})

test('a failed delivery is never repeated by itself, but on request, under the same id', async () => {
  const setting = await start()
  const { github, hooks } = setting
  hooks.answer.status = 500
  await open(setting, 'One')
  await titles(setting, 1)
  hooks.answer.status = 202
  const app = client(github)
  const failed = (await app.request('GET /app/hook/deliveries', { status: 'failure' } as { per_page?: number })).data
  expect(failed).toMatchObject([
    { event: 'issues', action: 'opened', status_code: 500, status: 'Invalid HTTP Response: 500', redelivery: false },
  ])
  expect(hooks.received).toHaveLength(1)
  await app.rest.apps.redeliverWebhookDelivery({ delivery_id: Number(failed[0]?.id) })
  expect(await titles(setting, 2)).toEqual(['One', 'One'])
  expect(hooks.received[1]?.guid).toBe(hooks.received[0]?.guid)
  expect(hooks.received[1]?.body).toBe(hooks.received[0]?.body)
  const { data } = await app.rest.apps.listWebhookDeliveries()
  expect(data.map(({ guid, redelivery, status }) => [guid, redelivery, status])).toEqual([
    [hooks.received[0]?.guid, true, 'OK'],
    [hooks.received[0]?.guid, false, 'Invalid HTTP Response: 500'],
  ])
  const { data: whole } = await app.rest.apps.getWebhookDelivery({ delivery_id: Number(data[0]?.id) })
  expect(whole.request.payload).toEqual(hooks.received[0]?.payload)
  expect(whole.request.headers).toMatchObject({ 'x-github-delivery': hooks.received[0]?.guid })
  expect(whole.response.payload).toBe('noted')
  expect(await failure(app.rest.apps.redeliverWebhookDelivery({ delivery_id: 1 }))).toMatchObject({ status: 404 })
})

test('deliveries are listed newest first, page by page, for three days', async () => {
  let now = Date.now()
  const setting = await start({ now: () => new Date(now) })
  await open(setting, 'old')
  await titles(setting, 1)
  now += 3 * 24 * 3600_000 - 1000
  await open(setting, 'a', 'b', 'c', 'd')
  await titles(setting, 5)
  const app = client(setting.github)
  const all = await app.paginate(app.rest.apps.listWebhookDeliveries, { per_page: 2 })
  expect(all.map(({ guid }) => guid)).toEqual(setting.hooks.received.map(({ guid }) => guid).reverse())
  now += 2000
  expect((await app.rest.apps.listWebhookDeliveries()).data).toHaveLength(4)
})

test('no answer in time, and no one there, are failures of their own', async () => {
  const setting = await start({ webhook: { timeoutMs: 50 } })
  setting.hooks.answer.status = 'hang'
  await open(setting, 'slow')
  await settled(setting.github)
  setting.github.setWebhookUrl('http://127.0.0.1:1/')
  await open(setting, 'nobody')
  await settled(setting.github)
  expect(setting.github.deliveries.map(({ status }) => status)).toEqual(['timed out', 'failed to connect to host'])
})

test('a dropped delivery is recorded, a lost one is not', async () => {
  const setting = await start()
  const drop = setting.github.faults.deliveries({
    event: 'issues',
    action: 'opened',
    times: 1,
    fault: { kind: 'drop' },
  })
  const lose = setting.github.faults.deliveries({ nth: 1, fault: { kind: 'lose' } })
  await open(setting, 'dropped', 'lost', 'arrives')
  expect(await titles(setting, 1)).toEqual(['arrives'])
  expect([drop.fired, lose.fired]).toEqual([1, 1])
  expect(setting.github.deliveries.map(({ statusCode }) => statusCode)).toEqual([502, 202])
  const app = client(setting.github)
  const { data } = await app.rest.apps.listWebhookDeliveries()
  await app.rest.apps.redeliverWebhookDelivery({ delivery_id: Number(data.at(-1)?.id) })
  expect(await titles(setting, 2)).toEqual(['arrives', 'dropped'])
})

test('a delivery comes twice, under one id or two', async () => {
  const setting = await start()
  const rule = setting.github.faults.deliveries({
    match: ({ payload }) => JSON.stringify(payload).includes('"one"'),
    fault: { kind: 'duplicate', copies: 2 },
  })
  await open(setting, 'one')
  expect(await titles(setting, 3)).toEqual(['one', 'one', 'one'])
  rule.remove()
  setting.github.faults.deliveries({ fault: { kind: 'new-guid' } })
  await open(setting, 'two')
  await titles(setting, 5)
  const guids = setting.hooks.received.map(({ guid }) => guid)
  expect(new Set(guids.slice(0, 3)).size).toBe(1)
  expect(new Set(guids.slice(3)).size).toBe(2)
  setting.github.faults.clear()
  await open(setting, 'three')
  expect(await titles(setting, 6)).toHaveLength(6)
})

test('deliveries wait until they are let go, or change their order', async () => {
  const setting = await start()
  const delay = setting.github.faults.deliveries({ times: 1, fault: { kind: 'delay' } })
  await open(setting, 'late', 'early')
  expect(await titles(setting, 1)).toEqual(['early'])
  delay.release()
  expect(await titles(setting, 2)).toEqual(['early', 'late'])
  const reorder = setting.github.faults.deliveries({ fault: { kind: 'reorder', count: 3 } })
  await open(setting, '1', '2', '3', '4')
  expect(await titles(setting, 5)).toEqual(['early', 'late', '3', '2', '1'])
  reorder.remove()
  expect((await titles(setting, 6)).at(-1)).toBe('4')
})

test('deliveries may run side by side', async () => {
  const { github, repository, hooks } = await start({ webhook: { concurrency: 10, timeoutMs: 60_000 } })
  hooks.answer.status = 'hang'
  await open({ github, repository }, ...'abcdefghij')
  await github.until(() => hooks.received.length === 10, 'ten at once')
  expect(github.deliveries.every(({ statusCode }) => statusCode === undefined)).toBe(true)
})

test('a fact that never comes is an error that says which', async () => {
  const { github } = await start()
  const error = await failure(github.until(() => false, 'pigs fly', 30))
  expect(error.message).toMatch(/^waited 30 ms in vain for: pigs fly\nlast calls:/)
  await expect(github.until(() => Promise.reject(new Error('broken')), 'x')).rejects.toThrow('broken')
})
