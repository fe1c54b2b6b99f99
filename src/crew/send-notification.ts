/** Sends one notice by Slack, Teams or mail: retried until it is there, and never twice. */

import type { Logger } from 'pino'
import { z } from 'zod'
import { type NoticeSender, NotSent } from '../channels/notice.ts'
import type { Store } from '../db/connect.ts'
import { defineJob, type JobAttempt } from '../db/define-job.ts'
import { endNotification, type NotificationRow, takeNotification } from '../db/notifications.ts'
import { getRepository } from '../db/repositories.ts'
import { settingsOf } from '../db/repository-settings.ts'
import { getItem } from '../db/work-items.ts'
import { noticeFor } from './notice-for.ts'

interface SendServices {
  store: Store
  channels: { senders: Partial<Record<'slack' | 'teams' | 'mail', NoticeSender>> }
  log: Pick<Logger, 'warn' | 'info'>
  redact(text: string): string
}

/**
 * Handler of the `send-notification` queue.
 * @throws {NotSent} when it did not arrive and may later.
 */
export async function sendNotification(
  services: SendServices,
  job: { notificationId: number },
  { last }: JobAttempt,
): Promise<void> {
  const { store, log, redact } = services
  const row = await takeNotification(store.db, job.notificationId)
  if (!row) return
  const about = { notification: row.id, way: row.way }
  const end = (state: 'pending' | 'sent' | 'failed', error: string | null = null) =>
    endNotification(store.db, row.id, state, error)
  try {
    const problem = await send(services, row)
    if (problem) log.warn({ ...about, problem }, 'a notice was not sent')
    await end(problem ? 'failed' : 'sent', problem ?? null)
  } catch (error) {
    const problem = redact(error instanceof Error ? error.message : String(error))
    log.warn({ ...about, problem }, 'a notice could not be sent')
    const again = error instanceof NotSent && !error.final && !last
    // It may have arrived: twice would be worse than a late reminder.
    await end(again ? 'pending' : error instanceof NotSent ? 'failed' : 'sent', problem)
    if (again) throw error
  }
}

/** @returns why it cannot be sent at all; undefined when it was sent, or is not wanted any more. */
async function send({ store, channels }: SendServices, row: NotificationRow): Promise<string | undefined> {
  if (row.way === 'mention') return 'a mention is written as a comment'
  const sender = channels.senders[row.way]
  if (!sender) return `the operator has not configured ${row.way}`
  const item = await getItem(store.db, row.workItemId)
  const repo = item && (await getRepository(store.db, item.repositoryId))
  // Someone has acted meanwhile: there is nothing to call for.
  if (!item || !repo || !row.fact.startsWith(`${item.state}:`)) return undefined
  const notice = await noticeFor(store.db, repo, item, row.reminder)
  const id = `${row.workItemId}:${row.fact}:${row.reminder}`
  await sender.send({ ...notice, id }, row.way === 'mail' ? settingsOf(repo).notify.mail : [])
  return undefined
}

export const sendNotificationJob = defineJob(
  { queue: 'send-notification', payload: z.object({ notificationId: z.number().int() }) },
  sendNotification,
)
