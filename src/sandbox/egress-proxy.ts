/**
 * The one way out of a sandbox: an HTTP proxy on a Unix socket. It resolves names itself, so that no DNS query of the
 * program leaves the machine, and connects to the very address that it has checked.
 */

import { lookup } from 'node:dns/promises'
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import { connect, isIP, type Socket } from 'node:net'
import { addressAllowed, type EgressRules, listedBy } from '../domain/egress.ts'
import { type UpstreamProxy, upstreamFor } from './upstream-proxy.ts'

/** Connections at once. Package managers open some dozens. */
const maxConnections = 128
const connectMs = 15_000
/** Refusals that are kept for the log. */
const keptRefusals = 50

/** A running proxy. */
export interface EgressProxy {
  /** What was asked for and refused: `host:port`, each once. */
  readonly refused: readonly string[]
  close(): Promise<void>
}

export interface EgressOptions {
  rules: EgressRules
  /** The proxy that this machine itself needs, if any. */
  upstream?: UpstreamProxy
  onRefused?: (target: string, why: string) => void
}

/** Why a request is refused; the text goes to the program. */
class Refused extends Error {}

/**
 * Listens on a socket.
 * @param socketPath at most 100 bytes; what is there is replaced by the caller.
 */
export async function openEgressProxy(socketPath: string, options: EgressOptions): Promise<EgressProxy> {
  const refused = new Set<string>()
  const open = new Set<Socket>()
  const refuse = (target: string, error: unknown) => {
    const why = error instanceof Error ? error.message : String(error)
    if (refused.size >= keptRefusals || refused.has(target)) return why
    refused.add(target)
    options.onRefused?.(target, why)
    return why
  }
  const server = createServer((incoming, outgoing) => {
    forward(incoming, outgoing, options).catch((error) => {
      const why = refuse(incoming.url?.slice(0, 200) ?? '', error)
      if (!outgoing.headersSent) outgoing.writeHead(403, { 'content-type': 'text/plain' })
      outgoing.end(`${why}\n`)
    })
  })
  server.maxConnections = maxConnections
  server.on('connection', (socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  server.on('connect', (incoming: IncomingMessage, client: Socket, head: Buffer) => {
    client.on('error', () => client.destroy())
    tunnel(incoming.url ?? '', options).then(
      (remote) => {
        open.add(remote)
        remote.once('close', () => open.delete(remote))
        client.write('HTTP/1.1 200 Connection Established\r\n\r\n')
        if (head.length > 0) remote.write(head)
        join(client, remote)
      },
      (error) => {
        const why = refuse(incoming.url?.slice(0, 200) ?? '', error)
        client.end(`HTTP/1.1 403 Forbidden\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n${why}\n`)
      },
    )
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(socketPath, resolve))
  return {
    get refused() {
      return [...refused]
    },
    close: async () => {
      for (const socket of open) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function join(one: Socket, other: Socket): void {
  one.pipe(other).pipe(one)
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on('error', () => to.destroy())
    from.once('close', () => to.destroy())
  }
}

/** Opens a connection for CONNECT. @throws {Refused} */
async function tunnel(target: string, options: EgressOptions): Promise<Socket> {
  const match = /^(?:\[([0-9a-f:.]+)\]|([^:@/\s]+)):(\d{1,5})$/i.exec(target)
  const host = match?.[1] ?? match?.[2]
  if (!host) throw new Refused('This is not a host and a port.')
  return openTo(host, Number(match?.[3]), options)
}

/** A plain HTTP request: the address in its first line counts, whatever its Host header says. */
async function forward(incoming: IncomingMessage, outgoing: ServerResponse, options: EgressOptions): Promise<void> {
  const url = URL.canParse(incoming.url ?? '') ? new URL(incoming.url ?? '') : undefined
  if (url?.protocol !== 'http:') throw new Refused('This proxy takes CONNECT, and requests for http:// addresses.')
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const socket = await openTo(host, Number(url.port || 80), options)
  const headers = { ...incoming.headers, host: url.host, connection: 'close' }
  delete headers['proxy-authorization']
  delete (headers as Record<string, unknown>)['proxy-connection']
  const onward = request({
    createConnection: () => socket,
    method: incoming.method,
    path: `${url.pathname}${url.search}`,
    headers,
  })
  onward.on('response', (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
    answer.pipe(outgoing)
  })
  onward.on('error', () => {
    if (!outgoing.headersSent) outgoing.writeHead(502)
    outgoing.end()
  })
  outgoing.once('close', () => onward.destroy())
  incoming.pipe(onward)
}

async function openTo(host: string, port: number, { rules, upstream }: EgressOptions): Promise<Socket> {
  const by = listedBy(rules, host, port)
  if (!by) throw new Refused(`${host}:${port} is not on the list of servers that this run may reach.`)
  const onward = upstream && upstreamFor(upstream, host)
  if (onward) {
    // The other proxy resolves the name. A literal address is checked here.
    if (isIP(host) !== 0 && !addressAllowed(host, by)) throw notAllowed(host)
    return onward.connect(host, port, connectMs)
  }
  const found = isIP(host) !== 0 ? [{ address: host }] : await lookup(host, { all: true }).catch(() => [])
  if (found.length === 0) throw new Refused(`${host} cannot be resolved.`)
  const allowed = found.find(({ address }) => addressAllowed(address, by))
  if (!allowed) throw notAllowed(host)
  return connectTo(allowed.address, port)
}

function notAllowed(host: string): Refused {
  return new Refused(`${host} is an address of this machine, of a private network or of a metadata service.`)
}

function connectTo(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address, port, timeout: connectMs })
    socket.once('connect', () => {
      socket.setTimeout(0)
      resolve(socket)
    })
    const fail = (why: string) => {
      socket.destroy()
      reject(new Refused(why))
    }
    socket.once('timeout', () => fail('The server does not answer.'))
    socket.once('error', (error) => fail(`The server cannot be reached: ${error.message}`))
  })
}
