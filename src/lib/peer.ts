/** Who is at the other end of a connection. */

import type { IncomingMessage } from 'node:http'

/** The address at the other end; that of the proxy where there is one, and '' where it is not known. */
export function peerOf({ env }: { env: unknown }): string {
  const { incoming } = (env ?? {}) as { incoming?: IncomingMessage }
  return incoming?.socket.remoteAddress ?? ''
}

/** Whether an address, or the host of a URL, is of this machine itself. */
export function isLoopback(host: string): boolean {
  return ['::1', '[::1]', 'localhost'].includes(host) || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(host)
}
