/** Modules as people name them. */

import { eq, or, type SQL, sql } from 'drizzle-orm'
import { workItems } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'

/**
 * The module of an item as its label names it: `auth` for `module:auth`. An item without a label is a module of its own,
 * such as `issue-12`. The stored name also holds the number of the issue, since two issues of one module have two branches.
 */
export function moduleIdOf({ module, issueNumber }: Pick<ItemRow, 'module' | 'issueNumber'>): string {
  const own = `-${issueNumber}`
  return module.endsWith(own) && module !== `issue${own}` ? module.slice(0, -own.length) : module
}

/** The condition that an item belongs to a module, by either name. */
export function inModule(moduleId: string): SQL | undefined {
  const name = moduleId.toLowerCase()
  return or(eq(workItems.module, name), sql`${workItems.module} = ${name} || '-' || ${workItems.issueNumber}`)
}
