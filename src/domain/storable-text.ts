/** Text of agents that is stored as JSON. */

import { z } from 'zod'

/** Any text, without what Postgres does not accept in JSON: NUL, and half a surrogate pair. */
export const storable = () => z.string().overwrite((value) => value.replaceAll('\0', '').toWellFormed())

/** Text that says something. @param max characters. */
export const storableText = (max: number) => storable().trim().min(1).max(max)
