/** The API over a real store, with a GitHub in memory: two repositories, and tokens for all roles. */

import { pino } from 'pino'
import { EventHub } from '../../src/api/event-hub.ts'
import { restApp } from '../../src/api/rest.ts'
import { makeToken } from '../../src/api/tokens.ts'
import { loadCommands } from '../../src/commands/registry.ts'
import { saveRepository } from '../../src/db/repositories.ts'
import type { TokenRole } from '../../src/db/schema/api.ts'
import { FakeGitHub, person } from './fake-github.ts'
import { openTestStore } from './test-store.ts'

/** Opens it for one test file. */
export async function openApiPlace() {
  const { store, close } = await openTestStore()
  const github = new FakeGitHub()
  const log = pino({ level: 'silent' })
  const [app, other] = [github.add('acme/app'), github.add('acme/other')]
  app.issues.set(12, {
    ...{ number: 12, title: 'Add a clock', body: 'It should tell the time.', state: 'open', labels: [] },
    ...{
      url: 'http://127.0.0.1/acme/app/issues/12',
      author: person('mona'),
      isPullRequest: false,
      updatedAt: new Date(),
    },
  })
  const repositories = {
    app: await saveRepository(store.db, app.facts),
    other: await saveRepository(store.db, other.facts),
  }
  const events = new EventHub(store, log)
  const commands = await loadCommands()
  const api = restApp({
    store,
    github,
    log,
    commands,
    events,
    env: { HOST: '127.0.0.1', PUBLIC_URL: 'https://tutti.example' },
  })
  const tokens = new Map<string, string>()

  /** The secret of a token of this role for `acme/app` alone, or for another repository; `all`: for all of them. */
  async function token(role: TokenRole, scope = 'app'): Promise<string> {
    const name = `${role}-${scope}`
    const known = tokens.get(name)
    if (known !== undefined) return known
    const repositories = scope === 'all' ? undefined : [`acme/${scope}`]
    const { secret } = await makeToken(store, { name, role, repositories }, 'mona')
    tokens.set(name, secret)
    return secret
  }

  /** One request with a token, a body and headers. */
  async function ask(
    line: string,
    { secret, body, headers = {} }: { secret?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const [method = 'GET', path = '/'] = line.split(' ')
    return api.request(`http://127.0.0.1:3000${path}`, {
      method,
      headers: {
        ...(secret === undefined ? {} : { Authorization: `Bearer ${secret}` }),
        ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
  }

  const closeAll = async () => {
    events.close()
    await close()
  }
  return { store, github, app, repositories, commands, events, api, token, ask, close: closeAll }
}
