/** A playground in a directory of its own, real clients for it, and a listener for its webhooks. */
import { execFile } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ProbotOctokit } from 'probot'
import { onTestFinished } from 'vitest'
import { type PlaygroundGitHub as GitHub, type GitHubOptions, startGitHub } from '../../src/playground/github/server.ts'

/** Closed, and its directory deleted, when the test ends. */
export async function playground(options: Partial<GitHubOptions> = {}): Promise<GitHub> {
  const directory = await temporary()
  const github = await startGitHub({ directory, ...options })
  onTestFinished(() => github.close())
  return github
}

export async function temporary(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'playground-'))
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }))
  return directory
}

/** The client Tutti uses, without its own waiting and retrying. */
export function client(github: GitHub, auth: Record<string, unknown> = {}): ProbotOctokit {
  return new ProbotOctokit({
    baseUrl: github.apiUrl,
    auth: { appId: github.app.id, privateKey: github.app.privateKey, ...auth },
    throttle: { enabled: false },
    retry: { enabled: false },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
}

/** A client for the only installation there is. */
export async function installationClient(github: GitHub): Promise<ProbotOctokit> {
  const { data } = await client(github).rest.apps.listInstallations()
  return client(github, { installationId: data[0]?.id })
}

/** A client that always sends this token. */
export function tokenClient(github: GitHub, token: string): ProbotOctokit {
  return new ProbotOctokit({
    baseUrl: github.apiUrl,
    auth: { token },
    throttle: { enabled: false },
    retry: { enabled: false },
    log: { debug() {}, info() {}, warn() {}, error() {} },
  })
}

export interface Received {
  event: string
  action: string | undefined
  guid: string
  headers: IncomingHttpHeaders
  body: string
  // biome-ignore lint/suspicious/noExplicitAny: tests look at many shapes, and a wrong guess fails the test.
  payload: any
  signed: boolean
}

export interface Inbox {
  url: string
  received: Received[]
  /** The status it answers with; `hang` never answers. */
  answer: { status: number | 'hang' }
  /** The events in order, as `event.action`. */
  names(): string[]
}

/** A server that keeps the webhooks sent to it. */
export async function inbox(github: GitHub): Promise<Inbox> {
  const received: Received[] = []
  const answer: Inbox['answer'] = { status: 202 }
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const body = Buffer.concat(chunks).toString('utf8')
    const payload = JSON.parse(body)
    const signature = createHmac('sha256', github.app.webhookSecret).update(body).digest('hex')
    received.push({
      event: String(request.headers['x-github-event']),
      action: payload.action,
      guid: String(request.headers['x-github-delivery']),
      headers: request.headers,
      body,
      payload,
      signed: request.headers['x-hub-signature-256'] === `sha256=${signature}`,
    })
    if (answer.status !== 'hang') response.writeHead(answer.status).end('noted')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  const url = `http://127.0.0.1:${address.port}/`
  github.setWebhookUrl(url)
  return {
    url,
    received,
    answer,
    names: () => received.map(({ event, action }) => (action ? `${event}.${action}` : event)),
  }
}

const run = promisify(execFile)

/** Real git, with nothing of the machine's configuration. */
export async function git(cwd: string, ...args: string[]): Promise<string> {
  const identity = ['-c', 'user.name=tester', '-c', 'user.email=tester@example.com', '-c', 'init.defaultBranch=main']
  const { stdout } = await run('git', [...identity, ...args], {
    cwd,
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_TERMINAL_PROMPT: '0',
      HOME: cwd,
      LC_ALL: 'C',
    },
  })
  return stdout.trim()
}

/** The error of a rejected promise, with its HTTP status. */
export async function failure(
  promise: Promise<unknown>,
): Promise<{ status?: number; message: string; response?: { data: unknown; headers: Record<string, string> } }> {
  try {
    await promise
  } catch (error) {
    return error as { status?: number; message: string }
  }
  throw new Error('it did not fail')
}
