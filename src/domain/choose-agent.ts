/** Which kind of agent works on an item. */

import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { defaultSettings } from '../config/settings.ts'
import { moduleOf } from './labels.ts'

/**
 * The kind that the retry policy has chosen for the item, that of its loop, of its module, of its repository, or of the
 * operator: the first that is set.
 */
export function chooseAgent(
  item: { labels: readonly string[]; loop?: string; agent?: string | null },
  repo: { settings: Settings | null } | undefined,
  env: Env,
): string {
  const settings = repo?.settings ?? defaultSettings()
  const module = moduleOf(item)
  const loop = item.loop && Object.hasOwn(settings.loops ?? {}, item.loop) ? settings.loops[item.loop] : undefined
  // Settings from before there were modules have none.
  const chosen = item.agent || loop?.agent
  return chosen || (module && settings.modules?.[module]?.agent) || settings.agent || env.AGENT
}
