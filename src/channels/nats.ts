/**
 * NATS JetStream: copies of what the crew broadcasts, for listeners outside. The table is the record; a server that is
 * away delays the copies and nothing else.
 */

import type { JetStreamClient } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/transport-node'
import type { Logger } from 'pino'

/** One message to be published. */
export interface NatsMessage {
  subject: string
  payload: unknown
  /** The server takes the same id once, for two minutes. */
  id: string
}

/** Where the copies go. */
export interface NatsLink {
  /** Publishes messages in their order. @throws when the server did not confirm one; those before are there. */
  publish(messages: readonly NatsMessage[]): Promise<void>
  close(): Promise<void>
}

interface NatsOptions {
  url: string
  stream: string
  /** Before every subject; ends with a dot, or is ''. */
  prefix: string
  /** The subject below which everything is published. */
  root: string
  log: Pick<Logger, 'info' | 'warn'>
}

const timeoutMs = 5_000
const day = 24 * 3_600 * 1_000_000_000
/** Copies are for listeners that were away for a while; the record is the table. */
const keptNs = 7 * day
const keptBytes = 256 * 2 ** 20

/** A link that connects at its first message, and again after the server was away. */
export function openNats(options: NatsOptions): NatsLink {
  let opened: Promise<{ connection: NatsConnection; client: JetStreamClient }> | undefined
  const open = () => {
    opened ??= connectTo(options).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }
  return {
    async publish(messages) {
      const { connection, client } = await open()
      if (connection.isClosed()) {
        opened = undefined
        throw new Error('the connection to NATS was closed')
      }
      for (const { subject, payload, id } of messages)
        await client.publish(`${options.prefix}${subject}`, JSON.stringify(payload), { msgID: id, timeout: timeoutMs })
    },
    async close() {
      const here = await opened?.catch(() => undefined)
      await here?.connection.close()
    },
  }
}

async function connectTo({ url, stream, prefix, root, log }: NatsOptions) {
  // Loaded when NATS is configured: a process without it does not need it.
  const [{ connect }, { jetstream, jetstreamManager }] = await Promise.all([
    import('@nats-io/transport-node'),
    import('@nats-io/jetstream'),
  ])
  const { protocol, host, username, password } = new URL(url)
  const login = password
    ? { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
    : username
      ? { token: decodeURIComponent(username) }
      : {}
  const connection = await connect({
    servers: host,
    ...login,
    ...(protocol === 'tls:' ? { tls: {} } : {}),
    name: 'tutti',
    timeout: timeoutMs,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 2_000,
  })
  try {
    const manager = await jetstreamManager(connection, { timeout: timeoutMs })
    const subjects = [`${prefix}${root}.>`]
    const known = await manager.streams.info(stream).catch(() => undefined)
    if (!known) {
      await manager.streams.add({ name: stream, subjects, max_age: keptNs, max_bytes: keptBytes })
      log.info({ stream, subjects }, 'a NATS stream was made for what the crew broadcasts')
    }
    return { connection, client: jetstream(connection, { timeout: timeoutMs }) }
  } catch (error) {
    await connection.close()
    throw error
  }
}
