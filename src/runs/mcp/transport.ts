/** One connection of an agent as a transport of the MCP SDK: one message per line, of bounded length. */

import type { Socket } from 'node:net'
import type { Transport } from '@modelcontextprotocol/sdk/shared/transport.js'
import type { JSONRPCMessage } from '@modelcontextprotocol/sdk/types.js'
import { lineSplitter } from '../../lib/split-lines.ts'

/** The largest plan that is accepted has a few hundred thousand bytes. */
const maxLineBytes = 4 * 2 ** 20
/** Bytes that an agent may leave unread. */
const maxUnread = 4 * 2 ** 20

/**
 * Reads messages from a connection and writes them to it. Lines that are not JSON are left out. A line that is too long,
 * or an agent that never reads, ends the connection.
 */
export function socketTransport(socket: Socket): Transport {
  const transport: Transport = {
    async start() {
      const lines = lineSplitter({
        maxBytes: maxLineBytes,
        onLine(line) {
          const message = parse(line.toString('utf8'))
          if (message) transport.onmessage?.(message)
        },
        onTooLong: () => socket.destroy(),
      })
      socket.on('data', (chunk) => lines.push(chunk))
      socket.on('error', () => {})
      socket.once('close', () => transport.onclose?.())
      socket.resume()
    },
    async send(message) {
      socket.write(`${JSON.stringify(message)}\n`)
      if (socket.writableLength > maxUnread) socket.destroy()
    },
    async close() {
      socket.end()
    },
  }
  return transport
}

function parse(line: string): JSONRPCMessage | undefined {
  try {
    const value: unknown = JSON.parse(line)
    // The SDK checks the message. Here only values that are no object are left out.
    return typeof value === 'object' && value !== null ? (value as JSONRPCMessage) : undefined
  } catch {
    return undefined
  }
}
