/** The app's manifest is compared with the code. */

import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { loadWebhookHandlers } from '../../src/webhooks/probot-app.ts'

test('the app subscribes to every event that means something to it, and to no other', async () => {
  const events = [...(await loadWebhookHandlers()).keys()]
  const { default_events: subscribed } = parse(readFileSync('app.yml', 'utf8')) as { default_events: string[] }
  // GitHub sends these to every app, subscribed or not.
  const always = ['installation', 'installation_repositories']
  expect(subscribed.toSorted()).toEqual(events.filter((event) => !always.includes(event)).toSorted())
})
