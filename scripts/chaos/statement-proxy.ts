/** In front of a Postgres: says what has just become durable, before the client hears of it. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { DurableSteps, MessageReader } from './durable-steps.ts'

export interface StatementProxy {
  readonly url: string
  /** Called with what has become durable. True: the client never hears of it, its connection is cut. */
  onStep: ((step: string) => boolean) | undefined
  close(): Promise<void>
}

/** Listens on a free port of this machine. @param databaseUrl a Postgres on TCP, without TLS. */
export async function startStatementProxy(databaseUrl: string): Promise<StatementProxy> {
  const target = new URL(databaseUrl)
  const open = new Set<Socket>()
  const server = createServer((near) => {
    const far = connect(Number(target.port || 5432), target.hostname)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.setNoDelay(true)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        ;(socket === near ? far : near).destroy()
      })
    }
    const steps = new DurableSteps()
    const [asked, answered] = [new MessageReader(true), new MessageReader(false)]
    near.on('data', (bytes: Buffer) => {
      for (const { type, content } of asked.take(bytes)) steps.asked(type, content)
      far.write(bytes)
    })
    far.on('data', (bytes: Buffer) => {
      for (const { type, content } of answered.take(bytes)) {
        const step = steps.answered(type, content)
        if (step && proxy.onStep?.(step)) return void near.resetAndDestroy()
      }
      near.write(bytes)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String((server.address() as AddressInfo).port)
  const proxy: StatementProxy = {
    url: url.href,
    onStep: undefined,
    close: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}
