/** The first start: a page registers the app, and Tutti goes on to serve with it. */

import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdtemp, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { startGitHub } from '../../src/playground/github/server.ts'
import { scriptedAgentFile } from '../support/scripted-agent.ts'
import { prepareDatabase } from '../support/test-store.ts'

test('without credentials a page registers the app from app.yml, and is gone; then Tutti serves', async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tutti-set-up-'))
  const github = await startGitHub({ directory: join(directory, 'github') })
  const database = await prepareDatabase(join(directory, 'data'))
  for (const file of ['app.yml', 'package.json']) await cp(file, join(directory, file))
  onTestFinished(async () => {
    await github.close()
    await database.drop()
    await rm(directory, { recursive: true, force: true })
  })
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = {
    PATH: process.env.PATH ?? '',
    PORT: String(port),
    GHE_HOST: new URL(github.url).host,
    GHE_PROTOCOL: 'http',
    AGENT: 'scripted',
    AGENT_FILES: scriptedAgentFile,
    ...(database.url ? { DATABASE_URL: database.url } : {}),
  }
  const first = start(directory, env)
  const { key } = await github.until(() => /key=(?<key>[\w-]+)/.exec(first.said())?.groups, 'the key on the console')
  const page = await github.until(() => read(`${url}/?key=${key}`), 'the set-up page')
  const action = /<form action="([^"]+)"/.exec(page)?.[1] ?? ''
  const manifest = (/ value="(\{.*?\})"/.exec(page)?.[1] ?? '').replaceAll('&quot;', '"').replaceAll('&amp;', '&')
  const closed = () =>
    Promise.all(
      ['GET /', 'GET /probot', 'GET /probot/setup?code=x', 'GET /probot/import', 'POST /probot/import'].map(
        async (call) => {
          const [method, path] = call.split(' ')
          return (await fetch(`${url}${path}`, { method })).status
        },
      ),
    )
  expect(await closed(), 'without the key').toEqual([404, 404, 404, 404, 404])
  // GitHub refuses a manifest without the address that webhooks go to.
  expect(JSON.parse(manifest)).toMatchObject({
    name: 'Tutti',
    hook_attributes: { url: `${url}/` },
    default_permissions: { checks: 'write', contents: 'write', issues: 'write', pull_requests: 'write' },
    default_events: expect.arrayContaining(['issues', 'issue_comment', 'pull_request_review']),
  })

  const registered = await fetch(action, {
    method: 'POST',
    body: new URLSearchParams({ manifest }),
    redirect: 'manual',
  })
  const back = await fetch(registered.headers.get('location') ?? '', { redirect: 'manual' })
  expect(back.headers.get('location')).toMatch(/\/apps\/.*\/installations\/new$/)
  const file = join(directory, '.env')
  expect(await readFile(file, 'utf8')).toMatch(new RegExp(`^APP_ID=${github.app.id}$`, 'm'))
  expect((await stat(file)).mode & 0o777).toBe(0o600)

  expect(await github.until(() => healthy(url), 'it serves, without a restart')).toBe(true)
  expect((await closed()).slice(1), 'after the registration').toEqual([404, 404, 404, 404])
  await first.stop()
  expect(first.said()).not.toContain('BEGIN')

  const second = start(directory, env)
  expect(await github.until(() => healthy(url), 'the next start serves as well')).toBe(true)
  await second.stop()
})

function start(cwd: string, env: Record<string, string>) {
  const child = spawn(process.execPath, [resolve('src/main.ts'), 'serve'], {
    cwd,
    env,
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let said = ''
  child.stdout.on('data', (chunk) => {
    said += chunk
  })
  const stop = async () => {
    const ended = once(child, 'exit')
    child.kill('SIGTERM')
    await ended
  }
  return { said: () => said, stop }
}

async function read(url: string): Promise<string | undefined> {
  try {
    const response = await fetch(url)
    return response.ok ? await response.text() : undefined
  } catch {
    return undefined
  }
}

async function healthy(url: string): Promise<boolean> {
  return (await read(`${url}/healthz`))?.includes('"status":"ok"') ?? false
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
