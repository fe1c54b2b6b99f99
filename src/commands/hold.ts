import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { pullOfItem } from '../db/pull-requests.ts'
import { pullRequests } from '../db/schema/pull-requests.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/hold.ts'
import { giveUpPlace } from '../pull-requests/merge-turn.ts'
import { withdrawMerge } from '../pull-requests/withdraw-merge.ts'
import { defineCommand, type Reply } from './command.ts'

/** Keeps a pull request from being merged until the hold is cancelled. What was approved and asked for stays. */
export const command = defineCommand({
  name: 'hold',
  summary: 'Keeps the pull request from being merged, until "cancel"',
  examples: ['/hold', '/hold until the release is out', '/hold cancel'],
  args: z.strictObject({ why: z.string().max(300).optional().describe('Why, or "cancel" to let it go on') }),
  positional: [],
  text: 'why',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run({ tx, item, pull: named, actor }, { why = '' }): Promise<Reply> {
    const pull = named ?? (item && (await pullOfItem(tx.db, item.id)))
    if (pull?.state !== 'open') throw new UserError(messages.nothingToHold)
    const cancel = why.trim().toLowerCase() === 'cancel'
    if (cancel && pull.heldBy === null) return { text: messages.notHeld(pull.number), outcome: 'done' }
    const set = cancel ? { heldBy: null, heldWhy: '' } : { heldBy: actor.login, heldWhy: why.trim() }
    await tx.db.update(pullRequests).set(set).where(eq(pullRequests.id, pull.id))
    if (cancel) await tx.enqueue({ queue: 'merge-pull-request', pullRequestId: pull.id })
    else if (!(await withdrawMerge(tx, pull, actor.login))) await giveUpPlace(tx, pull)
    return { text: cancel ? messages.released(pull.number) : messages.isHeld(pull.number), outcome: 'done' }
  },
})
