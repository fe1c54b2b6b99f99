/** The page of the first start lets no one in but who reads the console. */

import { once } from 'node:events'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pino } from 'pino'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { readEnv } from '../../../src/config/env.ts'
import { showSetup } from '../../../src/github/setup-page.ts'
import { OperatorError } from '../../../src/lib/errors.ts'

const home = process.cwd()
const names = ['APP_ID', 'PRIVATE_KEY', 'WEBHOOK_SECRET', 'GITHUB_CLIENT_ID', 'GITHUB_CLIENT_SECRET']
let directory: string
let said: string
let converted: string[]
/** GitHub's answer to a code. */
let answer: { status: number; body: object }
const closers: (() => unknown)[] = []

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'tutti-setup-'))
  copyFileSync('app.yml', join(directory, 'app.yml'))
  process.chdir(directory)
  said = ''
  converted = []
  const app = {
    id: 77,
    pem: '-----BEGIN\nKEY\n-----END\n',
    webhook_secret: 'w3b',
    client_id: 'Iv1',
    client_secret: 'c',
  }
  answer = { status: 201, body: { ...app, html_url: 'https://github.test/apps/tutti' } }
})
afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  process.chdir(home)
  rmSync(directory, { recursive: true })
  for (const name of names) delete process.env[name]
})

/** A page that is shown, and what the console says about it. */
async function show(more: Record<string, string> = {}) {
  const github = createServer((req, res) => {
    converted.push(`${req.method} ${req.url}`)
    res.writeHead(answer.status, { 'content-type': 'application/json' }).end(JSON.stringify(answer.body))
  })
  await once(github.listen(0, '127.0.0.1'), 'listening')
  closers.push(() => github.close())
  const stop = new AbortController()
  const env = readEnv({
    ...more,
    PORT: '0',
    GITHUB_API_URL: `http://127.0.0.1:${(github.address() as AddressInfo).port}`,
  })
  const write = (line: string) => {
    said += line
  }
  const log = pino({}, { write })
  const registered = showSetup(env, log, stop.signal)
  closers.push(async () => {
    stop.abort()
    await registered
  })
  for (;;) {
    const found = /(http:[^ "]+)\/\?key=([\w-]+)/.exec(said)
    if (found) return { registered, url: found[1] ?? '', key: found[2] ?? '' }
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

const stateOf = async (page: Response) => /state=([\w-]+)/.exec(await page.text())?.[1] ?? ''

test('without the key of the console there is nothing, and nothing is asked of GitHub', async () => {
  const { url, key } = await show()
  const paths = [
    '/',
    '/?key=',
    `/?key=${key.slice(1)}`,
    '/probot',
    `/probot/setup?code=c`,
    '/probot/setup?code=c&state=',
  ]
  for (const path of [...paths, `/probot/setup?code=c&state=${key}`, '/probot/import', '/healthz'])
    expect((await fetch(`${url}${path}`)).status, path).toBe(404)
  for (const path of [`/?key=${key}`, '/probot/import', `/probot/import?key=${key}`]) {
    const body = JSON.stringify({ appId: '1', pem: 'x', webhook_secret: 'x' })
    expect((await fetch(`${url}${path}`, { method: 'POST', body })).status, `POST ${path}`).toBe(404)
  }
  expect(converted).toEqual([])
})

test('the page is neither kept nor framed, and does not give the key away', async () => {
  const { url, key } = await show()
  const page = await fetch(`${url}/?key=${key}`)
  expect(page.status).toBe(200)
  expect(page.headers.get('referrer-policy')).toBe('no-referrer')
  expect(page.headers.get('cache-control')).toBe('no-store')
  expect(page.headers.get('content-security-policy')).toContain("frame-ancestors 'none'")
  expect(await page.text()).not.toContain(key)
})

test('after the registration the credentials are in .env and in the environment, and the page is gone', async () => {
  writeFileSync('.env', 'APP_ID=\nPORT=4000')
  const { url, key, registered } = await show()
  const state = await stateOf(await fetch(`${url}/?key=${key}`))
  const back = await fetch(`${url}/probot/setup?code=abc&state=${state}`, { redirect: 'manual' })
  expect(back.headers.get('location')).toBe('https://github.test/apps/tutti/installations/new')
  expect(converted).toEqual(['POST /app-manifests/abc/conversions'])
  expect(await registered).toBe(true)
  expect(readFileSync('.env', 'utf8')).toBe(
    'PORT=4000\nAPP_ID=77\nPRIVATE_KEY="-----BEGIN\\nKEY\\n-----END\\n"\nWEBHOOK_SECRET=w3b\nGITHUB_CLIENT_ID=Iv1\nGITHUB_CLIENT_SECRET=c\n',
  )
  expect(process.env.APP_ID).toBe('77')
  await expect(fetch(`${url}/?key=${key}`)).rejects.toThrow()
  expect(said).not.toContain('KEY\\\\n')
})

test('a code that GitHub refuses is said, and the page stays', async () => {
  const { url, key } = await show()
  const good = answer
  answer = { status: 404, body: { message: 'Not <b>Found</b>' } }
  const state = await stateOf(await fetch(`${url}/?key=${key}`))
  const refused = await fetch(`${url}/probot/setup?code=old&state=${state}`)
  expect(refused.status).toBe(502)
  expect(await refused.text(), said).toContain('Not &lt;b&gt;Found&lt;/b&gt;')
  answer = good
  expect((await fetch(`${url}/probot/setup?code=new&state=${state}`, { redirect: 'manual' })).status).toBe(302)
})

test("a port that is in use is the operator's to mend", async () => {
  const { url } = await show()
  const env = readEnv({ PORT: new URL(url).port })
  const second = showSetup(env, pino({ level: 'silent' }), new AbortController().signal)
  await expect(second).rejects.toBeInstanceOf(OperatorError)
})

/** The address that the page has GitHub send people and webhooks to. */
async function manifestAddress({ url, key }: { url: string; key: string }, headers: Record<string, string>) {
  const page = await (await fetch(`${url}/?key=${key}`, { headers })).text()
  return /redirect_url&quot;:&quot;(.+?)\/probot\/setup&quot;/.exec(page)?.[1]
}

test('GitHub is sent to PUBLIC_URL, whatever a request says; without it a proxy of this machine may say so', async () => {
  const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-host': 'tunnel.example' }
  expect(await manifestAddress(await show(), forwarded)).toBe('https://tunnel.example')
  said = ''
  const fixed = await show({ PUBLIC_URL: 'https://tutti.example/' })
  expect(await manifestAddress(fixed, forwarded)).toBe('https://tutti.example')
})
