/** Two web processes behind a balancer, two runners, one Postgres: each is drained and started again while work goes on. */

import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { readOperatorFile } from '../../src/api/operator-file.ts'
import { type Balancer, startBalancer } from '../support/balancer.ts'
import { followEvents } from '../support/event-listener.ts'
import { expectMergedOnce, untilMerged } from '../support/facts.ts'
import { startProcess, type TuttiProcess } from '../support/processes.ts'
import { openWorld, type World } from '../support/world.ts'

/** A web process that the balancer knows. */
async function startWeb(world: World, balancer: Balancer, name: string): Promise<TuttiProcess> {
  const { clientId, clientSecret } = world.github.app
  const more = {
    GITHUB_CLIENT_ID: clientId,
    GITHUB_CLIENT_SECRET: clientSecret,
    PUBLIC_URL: balancer.url,
    DRAIN_SECONDS: '20',
  }
  const web = await startProcess(world, { DATA_DIR: join(world.directory, name), ...more }, ['--only', 'web'])
  world.github.setWebhookUrl(`${balancer.url}/api/github/webhooks`)
  balancer.backends.push(web.url)
  return web
}

function startRunner(world: World, name: string): Promise<TuttiProcess> {
  const more = { DATA_DIR: join(world.directory, name), DRAIN_SECONDS: '60' }
  return startProcess(world, more, ['--only', 'runner', '--slots', '2'])
}

/** Signs in as a browser does. @returns the cookie of the session. */
async function signIn({ github }: World, url: string): Promise<string> {
  github.oauth.as = 'maintainer'
  const go = (to: string, cookie = '') => fetch(to, { redirect: 'manual', headers: { cookie } })
  const cookiesOf = (answer: Response) => answer.headers.getSetCookie().map((one) => one.split(';', 1)[0] ?? '')
  const begun = await go(`${url}/login/github`)
  const agreed = await go(begun.headers.get('location') ?? '')
  const back = await go(agreed.headers.get('location') ?? '', cookiesOf(begun).join('; '))
  return cookiesOf(back).find((one) => one.startsWith('tutti-session=')) ?? ''
}

async function makeToken(world: World, name: string): Promise<string> {
  const operator = readOperatorFile(join(world.directory, name))
  const answer = await fetch(`${operator?.url}/api/tokens`, {
    method: 'POST',
    headers: { Authorization: `Bearer ${operator?.token}`, 'Content-Type': 'application/json' },
    body: JSON.stringify({ name: 'listener', role: 'read' }),
  })
  return ((await answer.json()) as { secret: string }).secret
}

// Embedded PGlite serves one process.
test.skipIf(!process.env.TEST_DATABASE_URL)(
  'one web and one runner at a time ends and comes back: every webhook is answered, every issue merged once, no one signed out, no event missed',
  async () => {
    const world = await openWorld({ start: false })
    const { github } = world
    const balancer = await startBalancer()
    onTestFinished(() => balancer.close())
    let webs: TuttiProcess[] = [await startWeb(world, balancer, 'web-1'), await startWeb(world, balancer, 'web-2')]
    let runners: TuttiProcess[] = await Promise.all([startRunner(world, 'runner-1'), startRunner(world, 'runner-2')])

    const session = await signIn(world, balancer.url)
    const board = (url: string) => fetch(url, { redirect: 'manual', headers: { cookie: session } })
    // By the one process it was begun in, and by the other one.
    for (const { url } of webs) expect((await board(url)).status).toBe(200)
    expect((await fetch(balancer.url, { redirect: 'manual' })).status).toBe(303)

    const token = await makeToken(world, 'web-1')
    await github.until(
      async () => {
        const headers = { Authorization: `Bearer ${token}` }
        return (await (await fetch(`${balancer.url}/api/repositories`, { headers })).text()).includes('acme/app')
      },
      'the repository is known',
      60_000,
    )
    const listener = followEvents(balancer.url, token)
    onTestFinished(() => listener.close())

    const issues = []
    for (const round of [1, 2]) {
      for (const index of [0, 1]) {
        const file = `src/file-${round}-${index}.txt`
        const issue = await world.queued(`Write ${file}`, 'pause 500', `write ${file}: hello`)
        issues.push(issue)
        const [web, runner] = [webs[0], runners[0]]
        const merging = untilMerged(world, issue)
        // No one tells the balancer: it sees on /readyz that this one is about to end.
        await web?.stop()
        balancer.backends = balancer.backends.filter((url) => url !== web?.url)
        webs = [...webs.slice(1), await startWeb(world, balancer, `web-${index + 1}`)]
        await runner?.stop()
        runners = [...runners.slice(1), await startRunner(world, `runner-${index + 1}`)]
        expect([web?.process.exitCode, runner?.process.exitCode]).toEqual([0, 0])
        await merging
        for (const { url } of webs) expect((await board(url)).status).toBe(200)
      }
    }

    for (const issue of issues) expectMergedOnce(world, issue)
    expect(github.deliveries.filter(({ statusCode }) => statusCode !== 202).map(({ status }) => status)).toEqual([])
    expect(github.deliveries.filter(({ redelivery }) => redelivery)).toEqual([])
    // More than the two that were there at first; the very last one may have come after the last request.
    expect([...balancer.answered.values()].filter((count) => count > 0).length).toBeGreaterThanOrEqual(4)

    const all = await fetch(`${balancer.url}/api/events?after=0&limit=500`, {
      headers: { Authorization: `Bearer ${token}` },
    })
    const ids = ((await all.json()) as { events: { id: number }[] }).events.map(({ id }) => id)
    const first = ids.indexOf(listener.ids[0] ?? -1)
    expect(first).toBeGreaterThanOrEqual(0)
    await github.until(() => listener.ids.at(-1) === ids.at(-1), 'the listener has heard the last event', 60_000)
    expect(listener.ids).toEqual(ids.slice(first))
    expect(listener.returned).toBeGreaterThan(0)
  },
  600_000,
)
