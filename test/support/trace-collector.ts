/** A collector of OpenTelemetry traces on this machine: what it was sent, as the protocol has it. */

import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A span as it was sent. */
export interface SentSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  startTimeUnixNano: string
  endTimeUnixNano: string
  status: { code: number; message?: string }
  attributes: { key: string; value: Record<string, unknown> }[]
}

export interface TraceCollector {
  /** Without `/v1/traces`. */
  readonly url: string
  readonly received: { spans: SentSpan[]; headers: Record<string, unknown>; service: unknown }[]
  /** The status that it answers with; what it answers with another one than 200 is not kept. */
  answer: number
  close(): void
}

/** Listens on a free port. @param onTrace called for each that is kept. */
export async function openTraceCollector(onTrace: () => void = () => {}): Promise<TraceCollector> {
  const server = createServer((req, res) => {
    let text = ''
    req.on('data', (chunk) => (text += chunk))
    req.on('end', () => {
      res.writeHead(collector.answer, { 'content-type': 'application/json' }).end('{}')
      if (collector.answer !== 200) return
      const [resource] = JSON.parse(text).resourceSpans
      const service = resource.resource.attributes.find((one: { key: string }) => one.key === 'service.name')
      const { spans } = resource.scopeSpans[0]
      collector.received.push({ spans, headers: req.headers, service: service.value.stringValue })
      onTrace()
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const collector: TraceCollector = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received: [],
    answer: 200,
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
  return collector
}

/** Each span behind the name of the one that it is a part of: `parent > child`. */
export function spanTree(spans: readonly SentSpan[]): string[] {
  const nameOf = new Map(spans.map((one) => [one.spanId, one.name]))
  return spans.map((one) => `${nameOf.get(one.parentSpanId ?? '') ?? ''} > ${one.name}`)
}
