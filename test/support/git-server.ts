/** A git server over HTTP that asks for a password, with `git http-backend` behind it. */

import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface GitServer {
  /** `http://127.0.0.1:<port>` */
  origin: string
  /** The Authorization header of each request, in order; undefined where there was none. */
  authorizations: (string | undefined)[]
  close(): Promise<void>
}

interface Options {
  /** The folder with the bare repositories. */
  root: string
  /** The password to ask for; none when undefined. */
  password?: string
  /** Answers instead, when it returns true. */
  instead?: (request: IncomingMessage, response: ServerResponse) => boolean
}

export async function startServer(options: Options): Promise<GitServer> {
  const authorizations: (string | undefined)[] = []
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization)
    if (options.instead?.(request, response)) return
    const wanted = `Basic ${Buffer.from(`x-access-token:${options.password}`).toString('base64')}`
    if (options.password !== undefined && request.headers.authorization !== wanted) {
      response.writeHead(401, { 'www-authenticate': 'Basic realm="git"' }).end()
      return
    }
    serve(options.root, request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { origin: `http://127.0.0.1:${port}`, authorizations, close: () => close(server) }
}

function serve(root: string, request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '/', 'http://server')
  const env: Record<string, string> = {
    PATH: process.env.PATH ?? '',
    HOME: '/dev/null',
    GIT_PROJECT_ROOT: root,
    GIT_HTTP_EXPORT_ALL: '1',
    REMOTE_USER: 'app',
    REQUEST_METHOD: request.method ?? 'GET',
    PATH_INFO: url.pathname,
    QUERY_STRING: url.search.slice(1),
    CONTENT_TYPE: request.headers['content-type'] ?? '',
    HTTP_CONTENT_ENCODING: request.headers['content-encoding'] ?? '',
    GIT_PROTOCOL: String(request.headers['git-protocol'] ?? ''),
  }
  const backend = spawn('git', ['http-backend'], { env, stdio: ['pipe', 'pipe', 'ignore'] })
  request.pipe(backend.stdin)
  backend.stdin.on('error', () => {})
  const chunks: Buffer[] = []
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  backend.once('close', () => answer(response, Buffer.concat(chunks)))
}

/** A CGI answer: header lines, an empty line, the body. */
function answer(response: ServerResponse, output: Buffer): void {
  const split = output.indexOf('\r\n\r\n')
  const headers = output.toString('latin1', 0, split).split('\r\n')
  let status = 200
  for (const header of headers) {
    const [name = '', value = ''] = header.split(/: (.*)/s)
    if (name.toLowerCase() === 'status') status = Number.parseInt(value, 10)
    else response.setHeader(name, value)
  }
  response.writeHead(status).end(output.subarray(split + 4))
}

async function close(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeAllConnections()
  await closed
}
