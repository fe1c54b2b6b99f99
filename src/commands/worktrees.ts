import { z } from 'zod'
import { pullOfItem } from '../db/pull-requests.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import { UserError, WorktreeIsThere } from '../lib/errors.ts'
import * as messages from '../messages/commands/worktrees.ts'
import { worktreesOf, worktreeView } from '../views/worktrees.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { cleanUpNow } from './lib/clean-up.ts'
import { spawnFor } from './lib/spawn.ts'

/**
 * A worktree is made by the attempt that works in it, and merged through its pull request and the gates. So `create`
 * has an agent started on the issue, and `merge` is what `/merge` does on its pull request.
 */
export const command = defineCommand({
  name: 'worktrees',
  summary: 'The worktrees of a repository: list, create, clean up, merge',
  examples: ['{}', '{"action": "cleanup"}'],
  slash: false,
  args: z.strictObject({
    action: z.enum(['list', 'create', 'cleanup', 'merge']).optional().describe('`list` if not given'),
    issue: z.number().int().min(1).optional().describe('The issue, for `create` and `merge`'),
  }),
  positional: [],
  result: z.object({ worktrees: z.array(worktreeView), removing: z.array(z.number().int()) }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  async run(context, { action = 'list', issue }): Promise<Reply> {
    const { tx, repo } = context
    if (action === 'cleanup') {
      const { all, issues } = await cleanUpNow(context)
      return { text: messages.cleanUpText(all, issues), outcome: 'done', data: { worktrees: all, removing: issues } }
    }
    const reply = action === 'list' ? undefined : await act(context, action, await itemMeant(context, issue))
    const all = await worktreesOf(tx.db, repo.id)
    const text = reply?.text ?? messages.worktreeList(all)
    return { text, outcome: reply?.outcome ?? 'done', data: { worktrees: all, removing: [] } }
  },
})

async function itemMeant({ tx, repo, item }: CommandContext, issue: number | undefined): Promise<ItemRow> {
  const found = issue === undefined ? item : await itemOfIssue(tx.db, repo.id, issue)
  if (!found) throw new UserError(...messages.whichIssue)
  return found
}

async function act(context: CommandContext, action: 'create' | 'merge', item: ItemRow): Promise<Reply> {
  const { tx, repo, commands } = context
  if (action === 'merge') {
    const pull = await pullOfItem(tx.db, item.id)
    const merge = commands.find(({ name }) => name === 'merge')
    if (!pull || !merge) throw new UserError(...messages.noPullRequestYet(item.issueNumber))
    return merge.run({ ...context, item, pull }, {})
  }
  const there = (await worktreesOf(tx.db, repo.id)).find((one) => one.issue === item.issueNumber && one.use !== 'left')
  if (there) throw new WorktreeIsThere(...messages.worktreeIsThere(there))
  if (item.state !== 'queued' && item.state !== 'ready')
    throw new UserError(...messages.noWorktreeNow(item.issueNumber, item.state))
  return spawnFor(context, item)
}
