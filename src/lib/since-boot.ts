/** A clock for leases. */

import { uptime } from 'node:os'

/**
 * Milliseconds since this machine started. This clock is never set, and it goes on while the process is stopped or the
 * machine is suspended, which `performance.now` does not.
 */
export function sinceBoot(): number {
  return uptime() * 1_000
}
