/** The contract of the webhook handlers: every file in `src/webhooks/handlers` fits, and the loader refuses what does not. */

import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { emitterEventNames } from '@octokit/webhooks'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { OperatorError } from '../../src/lib/errors.ts'
import { loadWebhookHandlers, type WebhookServices } from '../../src/webhooks/probot-app.ts'

const handlers = await loadWebhookHandlers()
const files = await readdir(join(import.meta.dirname, '../../src/webhooks/handlers'))

/** A registration touches nothing of the services: whatever it asks for fails. */
const untouched = new Proxy({} as WebhookServices, {
  get: (_, name) => {
    throw new Error(`a registration asked for ${String(name)}`)
  },
})

function namesOf(register: (app: never, services: never) => void): { name: string; listener: unknown }[] {
  const names: { name: string; listener: unknown }[] = []
  const on = (name: string | string[], listener: unknown) =>
    names.push(...[name].flat().map((one) => ({ name: one, listener })))
  register({ on } as never, untouched as never)
  return names
}

it('finds every file of the folder, by the event that it names', () => {
  expect([...handlers.keys()].map((event) => `${event.replaceAll('_', '-')}.ts`).toSorted()).toEqual(files.toSorted())
})

describe.each([...handlers])('%s', (event, handler) => {
  const names = namesOf(handler.register)

  it('registers listeners at once, without using its services', () => {
    expect(names.length).toBeGreaterThan(0)
    for (const { listener } of names) expect(listener).toBeTypeOf('function')
  })

  it('listens to names that GitHub has, of its own event only', () => {
    for (const { name } of names) {
      expect(emitterEventNames).toContain(name)
      expect(name.split('.')[0]).toBe(event)
    }
  })

  it('listens once to each name, and not to an event and its actions too: a delivery acts once', () => {
    const only = names.map(({ name }) => name)
    expect(only.toSorted()).toEqual([...new Set(only)].toSorted())
    if (only.includes(event)) expect(only).toEqual([event])
  })

  it('names actions where GitHub has actions', () => {
    const hasActions = emitterEventNames.some((name) => name.startsWith(`${event}.`))
    for (const { name } of names) expect(name.includes('.'), name).toBe(hasActions)
  })
})

describe('the loader', () => {
  let folder: string
  const definition = pathToFileURL(join(import.meta.dirname, '../../src/webhooks/webhook-handler.ts')).href

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tutti-handlers-'))
  })
  afterAll(() => rm(folder, { recursive: true }))

  async function load(file: string, source: string): Promise<unknown> {
    const place = await mkdtemp(join(folder, 'case-'))
    await writeFile(join(place, file), `import { defineWebhookHandler } from '${definition}'\nexport const ${source}`)
    return loadWebhookHandlers(place).catch((error: unknown) => error)
  }
  const good = `defineWebhookHandler('deploy_key', () => {})`

  it('takes a file that fits', async () => {
    const loaded = await load('deploy-key.ts', `webhook = ${good}`)
    expect([...(loaded as Map<string, unknown>).keys()]).toEqual(['deploy_key'])
  })

  it.each([
    ['another name', 'key.ts', `webhook = ${good}`, /key\.ts does not fit: webhook\.name is "deploy-key"/],
    ['nothing exported', 'deploy-key.ts', `other = ${good}`, /deploy-key\.ts does not fit: webhook is not exported/],
    ['an unknown event', 'star-dust.ts', `webhook = ${good.replace('deploy_key', 'star_dust')}`, /webhook\.event/],
    ['an action', 'deploy-key.ts', `webhook = ${good.replace('deploy_key', 'deploy_key.created')}`, /webhook\.event/],
    [
      'no function',
      'deploy-key.ts',
      `webhook = { ...${good}, register: true }`,
      /webhook\.register must be a function/,
    ],
    ['an unknown field', 'deploy-key.ts', `webhook = { ...${good}, hidden: true }`, /hidden/],
    ['a file that cannot be read', 'deploy-key.ts', 'webhook = {', /deploy-key\.ts cannot be loaded/],
  ])('refuses %s, naming file and field', async (_, file, source, message) => {
    const refused = await load(file, source)
    expect(refused).toBeInstanceOf(OperatorError)
    expect((refused as Error).message).toMatch(message)
  })
})
