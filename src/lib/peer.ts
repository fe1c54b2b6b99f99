/** Who is at the other end of a connection. */

import type { IncomingMessage } from 'node:http'

/** The address at the other end; that of the proxy where there is one, and '' where it is not known. */
export function peerOf({ env }: { env: unknown }): string {
  const { incoming } = (env ?? {}) as { incoming?: IncomingMessage }
  return incoming?.socket.remoteAddress ?? ''
}

/** Whether an address is of this machine itself. */
export function isLoopback(address: string): boolean {
  return address === '::1' || /^(?:::ffff:)?127(?:\.\d{1,3}){3}$/.test(address)
}
