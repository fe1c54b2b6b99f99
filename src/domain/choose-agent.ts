/** Which kind of agent works on an item. */

import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { defaultSettings } from '../config/settings.ts'
import { moduleOf } from './labels.ts'

/** The agent of the item's loop, of its module, of its repository, or of the operator: the first that is set. */
export function chooseAgent(
  item: { labels: readonly string[]; loop?: string },
  repo: { settings: Settings | null } | undefined,
  env: Env,
): string {
  const settings = repo?.settings ?? defaultSettings()
  const module = moduleOf(item)
  const loop = item.loop && Object.hasOwn(settings.loops ?? {}, item.loop) ? settings.loops[item.loop] : undefined
  // Settings from before there were modules have none.
  return loop?.agent || (module && settings.modules?.[module]?.agent) || settings.agent || env.AGENT
}
