import { z } from 'zod'
import { pullOfItem } from '../db/pull-requests.ts'
import { NoAvailableWork, UserError } from '../lib/errors.ts'
import { nothingQueued } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/take-over.ts'
import { defineCommand, type Reply } from './command.ts'
import { setAside } from './lib/set-aside.ts'
import { statusSentence } from './lib/status-sentence.ts'

/**
 * A person goes on with the work: the item is paused, so that no agent writes to its branch meanwhile. `/resume` gives it
 * back, and what was pushed is judged. The branch must be on GitHub: an agent's work is there once its gates have passed, when it
 * is held, or from the start where the settings want drafts.
 */
export const command = defineCommand({
  name: 'take-over',
  summary: 'Pauses it so that a person works on its branch; "/resume" gives it back',
  examples: ['/take-over'],
  args: z.strictObject({}),
  positional: [],
  result: z.object({
    issue: z.number().int(),
    branch: z.string(),
    baseBranch: z.string(),
    pullRequest: z.number().int(),
    headSha: z.string(),
  }),
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context): Promise<Reply> {
    const { tx, item, repo, settings } = context
    if (!item) throw new UserError(...nothingQueued(settings.prefix))
    if (['skipped', 'cancelled', 'done'].includes(item.state)) throw new UserError(await statusSentence(context, item))
    const pull = await pullOfItem(tx.db, item.id)
    if (pull?.state !== 'open') throw new NoAvailableWork(...messages.nothingToTakeOver)
    const waits = item.state === 'paused' || item.state === 'held'
    const interrupted = waits ? undefined : await setAside(context, item, { to: 'paused', verb: 'Taken over' })
    const { issueNumber, branch, baseBranch } = item
    const data = { issue: issueNumber, branch, baseBranch, pullRequest: pull.number, headSha: pull.headSha }
    const text = messages.takenOver({ ...data, repository: repo.fullName, run: interrupted?.run }, settings.prefix)
    return { text, outcome: 'done', data }
  },
})
