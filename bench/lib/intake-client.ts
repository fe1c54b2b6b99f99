/**
 * The client of the intake benchmark, in a process of its own: sends a fixed number of deliveries, each with an id of
 * its own, over a fixed number of connections that stay open, and reports how long that took.
 */

import { createHmac, randomUUID } from 'node:crypto'
import { createRequire } from 'node:module'
import { connect } from 'node:net'

interface Example {
  name: string
  examples: unknown[]
}

/** What the parent learns. */
export interface Measured {
  /** Answered 2xx per second, all connections together. */
  perSecond: number
  /** Milliseconds from sending to the answer, median and 99th percentile. */
  p50: number
  p99: number
  /** How many answers each status had. */
  statuses: Record<string, number>
  /** Processor time of this client, in microseconds. */
  cpu: number
}

const [port, secret = '', count, connections] = process.argv.slice(2)

/** GitHub's published examples, signed beforehand: the client should cost as little as it can. */
const requests = (createRequire(import.meta.url)('@octokit/webhooks-examples') as Example[]).flatMap((definition) =>
  definition.examples.map((example) => {
    const body = Buffer.from(JSON.stringify(example))
    const signature = createHmac('sha256', secret).update(body).digest('hex')
    const head = [
      'POST /api/github/webhooks HTTP/1.1',
      `host: 127.0.0.1:${port}`,
      'user-agent: GitHub-Hookshot/bench',
      'content-type: application/json',
      `content-length: ${body.length}`,
      `x-github-event: ${definition.name}`,
      `x-hub-signature-256: sha256=${signature}`,
      'x-github-delivery: ',
    ]
    return { head: head.join('\r\n'), body }
  }),
)

let next = 0
const latencies: number[] = []
const statuses: Record<string, number> = {}

/** Sends deliveries one after another on one connection until `limit` are sent by all together. */
function send(limit: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), '127.0.0.1')
    socket.setNoDelay(true)
    socket.on('error', reject)
    let answer = ''
    let sentAt = 0
    function one(): void {
      if (next >= limit) {
        socket.end()
        resolve()
        return
      }
      const request = requests[next++ % requests.length]
      if (!request) throw new Error('there are no examples')
      answer = ''
      sentAt = performance.now()
      socket.cork()
      socket.write(`${request.head}${randomUUID()}\r\n\r\n`)
      socket.write(request.body)
      socket.uncork()
    }
    socket.on('connect', one)
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1')
      const end = answer.indexOf('\r\n\r\n')
      if (end === -1) return
      const length = Number(/content-length: (\d+)/i.exec(answer)?.[1] ?? 0)
      if (answer.length < end + 4 + length) return
      latencies.push(performance.now() - sentAt)
      const status = answer.slice(9, 12)
      statuses[status] = (statuses[status] ?? 0) + 1
      one()
    })
  })
}

const percentile = (part: number) => latencies[Math.floor((latencies.length - 1) * part)] ?? 0
const startedAt = performance.now()
const before = process.cpuUsage()
await Promise.all(Array.from({ length: Number(connections) }, () => send(Number(count))))
const seconds = (performance.now() - startedAt) / 1_000
latencies.sort((a, b) => a - b)
const good = Object.entries(statuses).reduce((sum, [status, n]) => (status.startsWith('2') ? sum + n : sum), 0)
const { user, system } = process.cpuUsage(before)
const measured = { perSecond: good / seconds, p50: percentile(0.5), p99: percentile(0.99), statuses }
process.send?.({ ...measured, cpu: user + system } satisfies Measured)
