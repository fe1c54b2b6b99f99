/** When people are called, and by which ways. Pure. */

import type { Settings } from '../config/settings.ts'
import type { ItemState } from '../lib/item-state.ts'

/** The ways to reach people. */
export const noticeWays = ['slack', 'teams', 'mail', 'mention'] as const
export type NoticeWay = (typeof noticeWays)[number]

/** What people are called for, as the settings name it. */
export type NoticeReason = Settings['notify']['when'][number]

const reasons: Partial<Record<ItemState, NoticeReason>> = {
  held: 'held',
  asking: 'question',
  'plan-review': 'plan',
  reviewing: 'review',
}

/** What people are called for when an item is in a state; undefined where no person is needed. */
export function noticeReason(state: ItemState): NoticeReason | undefined {
  return reasons[state]
}

/** The ways that a repository has chosen. */
export function waysOf({ slack, teams, mail, mention }: Settings['notify']): NoticeWay[] {
  const chosen: Record<NoticeWay, boolean> = { slack, teams, mail: mail.length > 0, mention: mention.length > 0 }
  return noticeWays.filter((way) => chosen[way])
}

/** Whether people are called when an item enters a state. @param settings those of before there were notices lack them. */
export function callsPeople(state: ItemState, settings: Partial<Pick<Settings, 'notify'>> | null | undefined): boolean {
  const reason = noticeReason(state)
  const notify = settings?.notify
  if (!reason || !notify) return false
  return notify.when.includes(reason) && waysOf(notify).length > 0
}

/** Names the stay of an item in a state: another stay is another fact. */
export function factOf(state: ItemState, since: Date): string {
  return `${state}:${since.toISOString()}`
}
