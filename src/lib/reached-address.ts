/** Under which address browsers reach us. */

import { isLoopback } from './peer.ts'

/** What is known of a request. */
export interface ReachedBy {
  /** `PUBLIC_URL`, where the operator has set it. */
  publicUrl: string | undefined
  /** The address at the other end of the connection. */
  peer: string
  header(name: string): string | undefined
}

/**
 * The origin of our own address: `PUBLIC_URL`; without it the one of the request. What a proxy says about that counts where
 * it is on this machine: anybody else may write the same headers.
 */
export function reachedAddress({ publicUrl, peer, header }: ReachedBy): string {
  if (publicUrl !== undefined) return new URL(publicUrl).origin
  const forwarded = (name: string) => (isLoopback(peer) ? header(name)?.split(',', 1)[0]?.trim() : undefined)
  const protocol = forwarded('x-forwarded-proto') === 'https' ? 'https' : 'http'
  return `${protocol}://${forwarded('x-forwarded-host') || header('host')}`
}
