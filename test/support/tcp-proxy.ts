/** A TCP proxy in front of a server: it cuts connections at a chosen moment, holds its bytes back, or refuses. */

import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface TcpProxy {
  readonly port: number
  /** Cuts a connection, instead of passing on, when it sends bytes for which this is true. */
  cutWhen: ((sent: Buffer) => boolean) | undefined
  /** Takes bytes and passes none on, in either direction: half-open, as behind a dead router. */
  silent: boolean
  /** Cuts every connection at once, and each new one. */
  away: boolean
  /** How many connections were cut by `cutWhen`. */
  readonly cuts: number
  /** How many connections were refused while `away`. */
  readonly refused: number
  close(): Promise<void>
}

/** Listens on a free port of this machine and passes everything on to `target`. */
export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const open = new Set<Socket>()
  let cuts = 0
  let refused = 0
  let away = false
  const server = createServer((near) => {
    if (away) {
      refused++
      near.resetAndDestroy()
      return
    }
    const far = connect(target.port, target.host)
    for (const socket of [near, far]) {
      open.add(socket)
      socket.on('error', () => {})
      socket.on('close', () => {
        open.delete(socket)
        ;(socket === near ? far : near).destroy()
      })
    }
    near.on('data', (bytes: Buffer) => {
      if (proxy.cutWhen?.(bytes)) {
        cuts++
        near.resetAndDestroy()
      } else if (!proxy.silent) far.write(bytes)
    })
    far.on('data', (bytes) => void (proxy.silent || near.write(bytes)))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy: TcpProxy = {
    port: (server.address() as AddressInfo).port,
    cutWhen: undefined,
    silent: false,
    get away() {
      return away
    },
    set away(value) {
      away = value
      if (value) for (const socket of open) socket.resetAndDestroy()
    },
    get cuts() {
      return cuts
    },
    get refused() {
      return refused
    },
    close: async () => {
      for (const socket of open) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
  return proxy
}

/** The same database, reached through a proxy. */
export function throughProxy(databaseUrl: string, proxy: TcpProxy): string {
  const url = new URL(databaseUrl)
  url.hostname = '127.0.0.1'
  url.port = String(proxy.port)
  return url.href
}
