/** Sends traces to an OpenTelemetry collector by OTLP over HTTP (opentelemetry.io/docs/specs/otlp). */

import { createHash } from 'node:crypto'
import { type HrTime, SpanKind, SpanStatusCode, TraceFlags } from '@opentelemetry/api'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { type Resource, resourceFromAttributes } from '@opentelemetry/resources'
import type { ReadableSpan } from '@opentelemetry/sdk-trace'
import type { TraceSpan } from '../domain/trace.ts'
import { tuttiVersion } from '../lib/version.ts'

/** A way to a collector. */
export interface TraceSink {
  /**
   * Sends one trace. Its ids come from its name: sent twice, it is one trace.
   * @throws {Error} when the collector did not take it.
   */
  send(trace: { name: string; root: TraceSpan }): Promise<void>
  close(): Promise<void>
}

const timeoutMs = 10_000

/** @param options.url where the collector takes traces; `options.headers` go with each request. */
export function openTraces(options: { url: string; headers: Record<string, string>; service: string }): TraceSink {
  const exporter = new OTLPTraceExporter({ url: options.url, headers: options.headers, timeoutMillis: timeoutMs })
  const resource = resourceFromAttributes({ 'service.name': options.service, 'service.version': tuttiVersion() })
  return {
    send: ({ name, root }) =>
      new Promise((resolve, reject) => {
        exporter.export(readable(name, root, resource), ({ code, error }) => {
          if (code === 0) resolve()
          else reject(error ?? new Error('the collector did not take a trace'))
        })
      }),
    close: () => exporter.shutdown(),
  }
}

/** The spans as the exporter takes them. */
function readable(name: string, root: TraceSpan, resource: Resource): ReadableSpan[] {
  const traceId = digest(name, 32)
  const spans: ReadableSpan[] = []
  const add = (span: TraceSpan, place: string, parent: string | undefined) => {
    const spanId = digest(`${name} ${place}`, 16)
    const context = (id: string) => ({ traceId, spanId: id, traceFlags: TraceFlags.SAMPLED })
    spans.push({
      name: span.name,
      kind: SpanKind.INTERNAL,
      spanContext: () => context(spanId),
      ...(parent === undefined ? {} : { parentSpanContext: context(parent) }),
      startTime: hrTime(span.from),
      endTime: hrTime(span.to),
      duration: hrTime(span.to - span.from),
      status:
        span.failed === undefined ? { code: SpanStatusCode.OK } : { code: SpanStatusCode.ERROR, message: span.failed },
      attributes: span.attributes,
      ...{
        links: [],
        events: [],
        ended: true,
        resource,
        instrumentationScope: { name: 'tutti', version: tuttiVersion() },
      },
      ...{ droppedAttributesCount: 0, droppedEventsCount: 0, droppedLinksCount: 0 },
    })
    for (const [index, child] of span.children.entries()) add(child, `${place}.${index}`, spanId)
  }
  add(root, '0', undefined)
  return spans
}

function digest(text: string, characters: number): string {
  return createHash('sha256').update(text).digest('hex').slice(0, characters)
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1e6)]
}
