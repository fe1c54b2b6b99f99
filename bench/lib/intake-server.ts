/**
 * One server under measurement, in a process of its own: `bare` is a Probot app with an empty handler for all events,
 * `durable` is Tutti's receiver over the store named by the environment. Sends its port to the parent when it listens
 * and ends when the parent goes away. Answers each message with the processor time it has had, in microseconds.
 */

import { generateKeyPairSync } from 'node:crypto'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import pino from 'pino'
import { createNodeMiddleware, createProbot } from 'probot'
import { openStore } from '../../src/db/connect.ts'
import { jobs } from '../../src/jobs.ts'
import { createReceiver } from '../../src/webhooks/receive.ts'

const [mode, secret = '', directory = ''] = process.argv.slice(2)
const log = pino({ level: 'error' }, pino.destination({ dest: 2, sync: true }))

async function bare(): Promise<RequestListener> {
  const { privateKey } = generateKeyPairSync('rsa', {
    modulusLength: 2048,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  })
  const probot = createProbot({ overrides: { appId: 1, privateKey, secret, log } })
  const middleware = await createNodeMiddleware(
    (app) => {
      app.onAny(() => {})
    },
    { probot },
  )
  return (req, res) => void middleware(req, res, () => res.writeHead(404).end())
}

async function durable(): Promise<RequestListener> {
  const store = await openStore({
    queues: Object.values(jobs),
    databaseUrl: process.env.DATABASE_URL || undefined,
    directory,
    log,
  })
  process.once('disconnect', () => void store.close().then(() => process.exit(0)))
  return createReceiver({ store, secret, log })
}

const server = createServer(mode === 'bare' ? await bare() : await durable())
if (mode === 'bare') process.once('disconnect', () => process.exit(0))
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.on('message', () => {
  const { user, system } = process.cpuUsage()
  process.send?.(user + system)
})
