/** A balancer in front of several web processes: each request goes to the next one that is ready, and to another where that refuses. */

import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'

export interface Balancer {
  readonly url: string
  /** Addresses of the web processes; may be changed while it runs. */
  backends: string[]
  /** How many requests each address has answered. */
  readonly answered: ReadonlyMap<string, number>
  /** How often an address refused the connection, and another one was asked. */
  readonly refused: number
  close(): Promise<void>
}

/**
 * Listens on a free port of this machine. As nginx does by default: a connection of its own for each request, and only a
 * request that has not been sent yet goes to another process. It asks each one for `/readyz`, five times a second.
 */
export async function startBalancer(): Promise<Balancer> {
  const answered = new Map<string, number>()
  const unready = new Set<string>()
  let [turn, refused] = [0, 0]
  const looking = setInterval(() => {
    for (const backend of balancer.backends) void look(backend, unready)
  }, 200)
  const server = createServer(async (incoming, outgoing) => {
    // Whoever sends may be killed in the middle.
    const body = await buffer(incoming).catch(() => undefined)
    if (!body) return
    const first = turn++
    const inTurn = balancer.backends.map((_, index, all) => all[(first + index) % all.length] ?? '')
    const order = [...inTurn].sort((one, other) => Number(unready.has(one)) - Number(unready.has(other)))
    for (const backend of order) {
      const answer = await pass(incoming, outgoing, { backend, body })
      if (answer === 'refused') {
        refused++
        continue
      }
      if (answer === 'answered') answered.set(backend, (answered.get(backend) ?? 0) + 1)
      else outgoing.writeHead(502).end()
      return
    }
    outgoing.writeHead(503).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const balancer = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    backends: [] as string[],
    answered,
    get refused() {
      return refused
    },
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      clearInterval(looking)
      server.closeAllConnections()
      await closed
    },
  }
  return balancer
}

/** Notes whether a process wants requests. */
async function look(backend: string, unready: Set<string>): Promise<void> {
  const ready = await fetch(`${backend}/readyz`, { signal: AbortSignal.timeout(2_000) }).then(
    ({ ok }) => ok,
    () => false,
  )
  if (ready) unready.delete(backend)
  else unready.add(backend)
}

/** Resolves when the answer begins; its rest is passed on as it comes. */
function pass(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  { backend, body }: { backend: string; body: Buffer },
): Promise<'answered' | 'refused' | 'failed'> {
  return new Promise((resolve) => {
    const { method, headers } = incoming
    const onward = request(new URL(incoming.url ?? '/', backend), {
      ...{ method, agent: false },
      headers: { ...headers, connection: 'close', 'content-length': body.length },
    })
    onward.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(outgoing)
      answer.once('error', () => outgoing.destroy())
      resolve('answered')
    })
    onward.once('error', (error: NodeJS.ErrnoException) =>
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : 'failed'),
    )
    outgoing.once('close', () => onward.destroy())
    onward.end(body)
  })
}
