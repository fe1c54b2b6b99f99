/** The HTTP server: listens, and stops without interrupting an answer. */

import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Env } from '../config/env.ts'
import { OperatorError } from '../lib/errors.ts'

/** A server that listens. */
export interface HttpServer {
  readonly url: string
  /** Takes no new connections; open ones have 3 seconds to end. */
  close(): Promise<void>
}

/** @throws {OperatorError} when the address cannot be used. */
export async function listen(
  listener: RequestListener,
  { HOST: host, PORT: port }: Pick<Env, 'HOST' | 'PORT'>,
): Promise<HttpServer> {
  const server = createServer(listener)
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, host, port)))
    server.listen(port, host, resolve)
  })
  const { address, port: taken, family } = server.address() as AddressInfo
  const name = family === 'IPv6' ? `[${address}]` : address
  return { url: `http://${name}:${taken}`, close: () => stop(server) }
}

function cannotListen(error: NodeJS.ErrnoException, host: string, port: number): OperatorError {
  return error.code === 'EADDRINUSE'
    ? new OperatorError(`port ${port} is in use by another program`, 'Set PORT to a free one.')
    : new OperatorError(`cannot listen on ${host}:${port}: ${error.message}`, 'Check HOST and PORT.')
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve))
  server.closeIdleConnections()
  const timer = setTimeout(() => server.closeAllConnections(), 3_000)
  await closed
  clearTimeout(timer)
}
