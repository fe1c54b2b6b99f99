/** The app's own manifest, so that the playground grants exactly what a real GitHub would. */

import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import { z } from 'zod'

const schema = z.object({
  default_permissions: z.record(z.string(), z.enum(['read', 'write', 'admin'])),
  default_events: z.array(z.string()),
})

/** What `app.yml` asks for. */
export function manifest(): { permissions: Record<string, 'read' | 'write' | 'admin'>; events: string[] } {
  const text = readFileSync(new URL('../../app.yml', import.meta.url), 'utf8')
  const { default_permissions: permissions, default_events: events } = schema.parse(parse(text))
  return { permissions, events }
}
