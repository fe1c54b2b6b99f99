/** Which kind of agent works on an item. */

import type { Env } from '../config/env.ts'
import type { Settings } from '../config/settings.ts'
import { defaultSettings } from '../config/settings.ts'
import { moduleOf } from './labels.ts'

/** The agent of the item's module, of its repository, or the operator's: the first that is named. */
export function chooseAgent(
  item: { labels: readonly string[] },
  repo: { settings: Settings | null } | undefined,
  env: Env,
): string {
  const settings = repo?.settings ?? defaultSettings()
  const module = moduleOf(item)
  // Settings that were stored before there were modules have none.
  return (module && settings.modules?.[module]?.agent) || settings.agent || env.AGENT
}
