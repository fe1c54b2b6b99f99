/** A person is needed: those that the settings name are called, and reminded while no one has acted. */

import { z } from 'zod'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import { addNotification, endNotification, hasLaterFact } from '../db/notifications.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { pullOfItem } from '../db/pull-requests.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { type ItemRow, lockItem } from '../db/work-items.ts'
import { callsPeople, waysOf } from '../domain/notices.ts'
import { currentMs } from '../lib/clock.ts'
import { mentionComment } from '../messages/notices.ts'
import { noticeFor } from './notice-for.ts'

interface Call {
  workItemId: number
  fact: string
  reminder: number
}

const hourMs = 3_600_000

/** Handler of the `notify-people` queue. Each fact, way and reminder is stored once, and so sent once. */
export async function notifyPeople({ store }: { store: Store }, call: Call): Promise<void> {
  await store.transaction(async (tx) => {
    const item = await lockItem(tx, call.workItemId)
    const repo = item && (await getRepository(tx.db, item.repositoryId))
    if (!item || !repo || !(await isStillSo(tx, item, repo, call))) return
    const { notify } = settingsOf(repo)
    if (call.reminder > notify.reminders) return
    for (const way of waysOf(notify)) {
      const row = await addNotification(tx, { ...call, way })
      if (!row) continue
      if (way === 'mention') {
        await mention(tx, item, repo, call)
        await endNotification(tx.db, row.id, 'sent')
      } else await tx.enqueue({ queue: 'send-notification', notificationId: row.id })
    }
    if (call.reminder >= notify.reminders) return
    const after = new Date(currentMs() + notify.remindHours * hourMs)
    await tx.enqueue({ ...call, queue: 'notify-people', reminder: call.reminder + 1 }, { after })
  })
}

/** The item is in the same state, and has not left it meanwhile. */
async function isStillSo(tx: Tx, item: ItemRow, repo: RepositoryRow, { fact }: Call): Promise<boolean> {
  if (!fact.startsWith(`${item.state}:`) || !callsPeople(item.state, settingsOf(repo))) return false
  return !(await hasLaterFact(tx.db, item.id, fact))
}

/** A comment that mentions people, where they act: on the pull request, or on the issue. */
async function mention(tx: Tx, item: ItemRow, repo: RepositoryRow, { fact, reminder }: Call): Promise<void> {
  const pull = await pullOfItem(tx.db, item.id)
  const issueNumber = item.state === 'reviewing' && pull?.state === 'open' ? pull.number : item.issueNumber
  const notice = await noticeFor(tx.db, repo, item, reminder)
  await enqueueEffect(
    tx,
    { repositoryId: repo.id, workItemId: item.id, key: `mention:${item.id}:${fact}:${reminder}` },
    {
      kind: 'comment',
      payload: { issueNumber, body: mentionComment(settingsOf(repo).notify.mention, notice.subject) },
    },
  )
}

export const notifyPeopleJob = defineJob(
  {
    queue: 'notify-people',
    payload: z.object({ workItemId: z.number().int(), fact: z.string(), reminder: z.number().int().min(0) }),
  },
  notifyPeople,
)
