/** A Tutti that cannot start says so in one line that names what to do, and ends with exit code 1. */

import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { runToItsEnd, startProcess } from '../support/processes.ts'
import { openWorld } from '../support/world.ts'

const oldNode = '/usr/bin/node'

test('a second start on the same data directory is refused, naming the process', async () => {
  const world = await openWorld({ start: false })
  const first = await startProcess(world)
  const { code, said } = await runToItsEnd(world)
  expect(code).toBe(1)
  expect(said).toContain(`is in use by another Tutti, process ${first.process.pid}`)
  expect(said).toContain('set DATA_DIR to another directory')
  expect((await fetch(`${first.url}/healthz`)).status).toBe(200)

  // The lock of a process that died is no one's.
  await first.kill()
  const next = await startProcess(world)
  expect((await fetch(`${next.url}/healthz`)).status).toBe(200)
})

test('a port in use, credentials that GitHub refuses, a database that is not there', async () => {
  const world = await openWorld({ start: false })
  const { env, directory } = world
  const other = createServer().listen(0, '127.0.0.1')
  onTestFinished(() => void other.close())
  await once(other, 'listening')
  const { port } = other.address() as AddressInfo
  const taken = await runToItsEnd({ env: { ...env, PORT: String(port) }, directory })
  expect(taken).toEqual({
    code: 1,
    said: `tutti: port ${port} is in use by another program\nSet PORT to a free one.\n`,
  })

  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    privateKeyEncoding: { type: 'pkcs1', format: 'pem' },
    publicKeyEncoding: { type: 'pkcs1', format: 'pem' },
  })
  const refused = await runToItsEnd({ env: { ...env, PRIVATE_KEY: privateKey, LOG_LEVEL: 'silent' }, directory })
  expect(refused).toEqual({
    code: 1,
    said: "tutti: GitHub refused the app's credentials\nCheck APP_ID and PRIVATE_KEY.\n",
  })

  const mistyped = await runToItsEnd({ env: { ...env, PORT: 'abc', DATABASE_URL: 'nonsense' }, directory })
  expect(mistyped).toEqual({
    code: 1,
    said: 'tutti: PORT is "abc": it must be a number; DATABASE_URL cannot be used: it must look like postgres://user:password@host:5432/tutti\nChange it, and start again.\n',
  })

  const agent = await runToItsEnd({
    env: { ...env, AGENT: 'claud-code', DATABSE_URL: 'x', LOG_LEVEL: 'warn' },
    directory,
  })
  expect(agent.code).toBe(1)
  expect(agent.said).toContain('DATABSE_URL is set, and no such variable is read; did you mean DATABASE_URL?')
  expect(agent.said).toContain(
    'tutti: AGENT is "claud-code", and there is no such kind of agent; did you mean "claude-code"?',
  )

  const key = await runToItsEnd({ env: { ...env, PRIVATE_KEY: 'not a key', LOG_LEVEL: 'silent' }, directory })
  expect(key.code).toBe(1)
  expect(key.said).toContain('tutti: PRIVATE_KEY')
  expect(key.said.trim().split('\n').length).toBeLessThanOrEqual(2)

  const half = await runToItsEnd({ env: { ...env, WEBHOOK_SECRET: '' }, directory })
  expect(half).toMatchObject({ code: 1, said: expect.stringContaining('WEBHOOK_SECRET not set') })

  const nowhere = await runToItsEnd({
    env: {
      ...env,
      DATABASE_URL: 'postgres://postgres@127.0.0.1:1/tutti',
      DATABASE_TIMEOUT_SECONDS: '1',
      LOG_LEVEL: 'silent',
    },
    directory,
  })
  expect(nowhere.code).toBe(1)
  expect(nowhere.said).toMatch(/^tutti: cannot use the database in DATABASE_URL: connect ECONNREFUSED 127.0.0.1:1\n/)
  expect(nowhere.said).toContain('Check that it runs')
})

test.skipIf(!isOld(oldNode))('a Node out of range gets one clear line', async () => {
  const world = await openWorld({ start: false })
  const { code, said } = await runToItsEnd({ env: world.env, directory: world.directory, node: oldNode })
  expect(code).toBe(1)
  expect(said).toMatch(/^Tutti needs Node 22\.20 or newer; this is \d+\.\d+\.\d+\. .*npm run tutti -- serve\n$/)
})

/** Node below 22 is looked for where Debian puts it; elsewhere the story has nothing to tell. */
function isOld(node: string): boolean {
  return existsSync(node) && Number(/^v(\d+)/.exec(execFileSync(node, ['--version'], { encoding: 'utf8' }))?.[1]) < 22
}
