/** What an agent may print instead of the protocol. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { jsonRpcFilter } from '../../../src/agents/drivers/json-rpc-filter.ts'
import { updateReader } from '../../../src/agents/drivers/session-updates.ts'
import { changed, changes, fuzz, fuzzTimeout, markdown, oddJson } from '../../support/fuzz.ts'

const update = {
  ...{ jsonrpc: '2.0', method: 'session/update' },
  params: {
    sessionId: 's',
    update: {
      ...{ sessionUpdate: 'tool_call', toolCallId: 't', title: 'Edit', kind: 'edit', status: 'pending' },
      ...{ content: [{ type: 'content', content: { type: 'text', text: 'x' } }], locations: [{ path: 'a', line: 1 }] },
      ...{ entries: [{ content: 'a', priority: 'high', status: 'pending' }], used: 1, size: 2, messageId: 'm' },
      cost: { amount: 1, currency: 'USD' },
    },
  },
}
const kinds = ['agent_message_chunk', 'agent_thought_chunk', 'tool_call', 'tool_call_update', 'plan', 'usage_update']
const frame = fc.tuple(fc.constantFrom(...kinds), changes).map(([sessionUpdate, list]) => {
  const whole = { ...update, params: { ...update.params, update: { ...update.params.update, sessionUpdate } } }
  return JSON.stringify(changed(whole, list))
})
const line = fc.oneof(
  { weight: 5, arbitrary: frame },
  { weight: 1, arbitrary: markdown },
  { weight: 1, arbitrary: oddJson.map((value) => JSON.stringify(value)) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes).toString('latin1')) },
)

test(
  'frames in pieces of any size: what passes is bounded, and nothing is thrown',
  async () => {
    await fuzz('ACP frames', fc.tuple(fc.array(line, { maxLength: 30 }), fc.integer({ min: 1, max: 4_000 })), {
      inputs: 200,
      holds: ([lines, size]) => {
        const reader = updateReader()
        const filter = jsonRpcFilter({
          send: () => {},
          onFrame: () => {},
          onUpdate: (params) => expect(JSON.stringify(reader.read(params.update) ?? '').length).toBeLessThan(60_000),
          onInvalid: (description) => expect(description.length).toBeLessThan(200),
          onFail: () => {},
        })
        const bytes = Buffer.from(`${lines.join('\n')}\n`)
        for (let at = 0; at < bytes.length; at += size) filter.push(bytes.subarray(at, at + size))
        filter.end()
        expect(reader.summary().length).toBeLessThanOrEqual(16_000)
      },
    })
  },
  fuzzTimeout,
)
