/** Names of channels in arguments. */

import { z } from 'zod'

/** A channel: `general`, `item-12`, or one that people and agents have agreed on. */
export const channelName = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,59}$/, 'must be the name of a channel in lower case, such as general')
