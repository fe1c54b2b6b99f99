/** Text of agents that is stored. */

import { z } from 'zod'
import { storableString } from '../lib/storable-json.ts'

/** Any text, without what Postgres does not accept. */
export const storable = () => z.string().overwrite(storableString)

/** Text that says something. @param max characters. */
export const storableText = (max: number) => storable().trim().min(1).max(max)
