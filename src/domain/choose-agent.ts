/** Which kind of agent works on an item. */

import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { defaultSettings } from '../config/settings.ts'
import { moduleOf } from './labels.ts'

/**
 * The kind that the retry policy has chosen for the item, that of its module, of its repository, or of the operator: the
 * first that is set.
 */
export function chooseAgent(
  item: { labels: readonly string[]; agent?: string | null },
  repo: { settings: Settings | null } | undefined,
  env: Env,
): string {
  const settings = repo?.settings ?? defaultSettings()
  const module = moduleOf(item)
  // Settings from before there were modules have none.
  return item.agent || (module && settings.modules?.[module]?.agent) || settings.agent || env.AGENT
}
