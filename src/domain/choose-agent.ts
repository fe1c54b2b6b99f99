/** Which kind of agent works on an item. */

import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { defaultSettings } from '../config/settings.ts'
import { moduleOf } from './labels.ts'

/** The agent of the item's module, of its repository, or of the operator: the first that is set. */
export function chooseAgent(
  item: { labels: readonly string[] },
  repo: { settings: Settings | null } | undefined,
  env: Env,
): string {
  const settings = repo?.settings ?? defaultSettings()
  const module = moduleOf(item)
  // Settings from before there were modules have none.
  return (module && settings.modules?.[module]?.agent) || settings.agent || env.AGENT
}
