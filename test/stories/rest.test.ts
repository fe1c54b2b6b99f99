/** A program does through the API what a person does in comments: queue and watch. The merge stays a person's. */

import { expect, test } from 'vitest'
import { readOperatorFile } from '../../src/api/operator-file.ts'
import { openWorld, type World } from '../support/world.ts'

/** The API as a program outside of Tutti uses it. */
function api(world: World, token: string) {
  return async (line: string, body?: object, headers: Record<string, string> = {}) => {
    const [method = '', path = ''] = line.split(' ')
    return fetch(`${world.tutti.url}${path}`, {
      method,
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body ? { 'Content-Type': 'application/json' } : {}),
        ...headers,
      },
      ...(body ? { body: JSON.stringify(body) } : {}),
    })
  }
}

/** Reads a stream of events until one says this. */
async function heard(stream: Response, what: string): Promise<string> {
  let text = ''
  const decoder = new TextDecoder()
  for await (const bytes of stream.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(bytes, { stream: true })
    if (text.includes(what)) return text
  }
  throw new Error(`the stream ended without ${what}`)
}

test('a token, an issue queued, events until the pull request is open, a person approves and merges', async () => {
  const world = await openWorld()
  const { maintainer, repository, github } = world
  const operator = readOperatorFile(world.env.DATA_DIR ?? '')
  expect(operator?.url).toBe(world.tutti.url)
  const made = await api(world, operator?.token ?? '')('POST /api/tokens', { name: 'ci', role: 'operate' })
  const { secret } = (await made.json()) as { secret: string }
  const ask = api(world, secret)

  const issue = await world.issue('Say hello', 'write src/hello.txt: hello', 'say Added the greeting.')
  await github.until(
    async () => (await ask('GET /api/repositories').then((one) => one.text())).includes('acme/app'),
    'the repository is known',
  )
  const stream = await ask('GET /api/events', undefined, { Accept: 'text/event-stream' })
  const queue = () => ask('POST /api/commands/queue', { on: issue.number }, { 'Idempotency-Key': 'once' })
  const [first, second] = await Promise.all([queue(), queue()])
  expect(first.status, await first.clone().text()).toBe(200)
  expect(await second.json()).toEqual(await first.json())

  const events = await heard(stream, 'checking → reviewing')
  expect(events).toContain('"actor":"token:ci"')
  expect(events.match(/"what":"\/queue"/g)).toHaveLength(1)
  const pull = await world.pullRequestOf(issue)
  const progress = (await (await ask('GET /api/orchestration/progress')).json()) as { items: { inProgress: number } }
  expect(progress.items.inProgress).toBe(1)

  await maintainer.review(repository, pull.number, { state: 'APPROVED' })
  const merge = await ask('POST /api/commands/merge', { on: pull.number })
  expect(merge.status).toBe(422)
  expect(await merge.text()).toContain("a person's decision")
  await maintainer.comment(repository, pull.number, '/merge')
  await world.untilStatus(issue, '▰▰▰▰▰ Done')
  const work = (await (await ask('GET /api/orchestration/work-queue')).json()) as { completed: { issue: number }[] }
  expect(work.completed.map((one) => one.issue)).toEqual([issue.number])
  // No secret is in the log, and GitHub was never asked what a token may do.
  expect(JSON.stringify(world.logged)).not.toContain(secret)
  expect(github.unknown).toEqual([])

  await world.stopTutti()
  expect(readOperatorFile(world.env.DATA_DIR ?? '')).toBeUndefined()
})
