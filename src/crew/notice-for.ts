/** What a notice about an item says. */

import type { Notice } from '../channels/notice.ts'
import type { Database } from '../db/connect.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import { noticeReason } from '../domain/notices.ts'
import { noticeText } from '../messages/notices.ts'

/** The notice about an item as it is now, without its id. @param reminder 0 for the first call. */
export async function noticeFor(
  db: Database,
  repo: RepositoryRow,
  item: ItemRow,
  reminder: number,
): Promise<Omit<Notice, 'id'>> {
  const pull = await pullOfItem(db, item.id)
  const open = item.state === 'reviewing' && pull?.state === 'open' ? pull : undefined
  const text = noticeText({
    reason: noticeReason(item.state) ?? 'held',
    repository: repo.fullName,
    issueNumber: item.issueNumber,
    title: item.title,
    why: item.reason,
    pullNumber: open?.number,
    reminder,
  })
  return { ...text, url: open?.url || item.url }
}
