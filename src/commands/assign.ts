import { z } from 'zod'
import { openDependencies } from '../db/dependencies.ts'
import type { ItemRow } from '../db/work-items.ts'
import { dependenciesIn, type IssueReference } from '../domain/dependency-lines.ts'
import { lifecycle, terminalStates } from '../domain/lifecycle.ts'
import { issueKey, type ResolvedIssue } from '../github/resolve-issues.ts'
import { NoAvailableWork } from '../lib/errors.ts'
import * as messages from '../messages/commands/schedule.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { issueArgument, issueName, issuesNamed } from './lib/issue-arguments.ts'
import { setScopedLabel } from './lib/scoped-label.ts'

/** Queues several issues at once, and says of each of the others why it is not queued. */
export const command = defineCommand({
  name: 'assign',
  summary: 'Queues several issues that wait for nothing, and says why the others wait',
  examples: ['/assign #1 #2', '/assign #1 #2 #3 --max 2 --priority 0'],
  args: z.strictObject({
    issues: z
      .array(z.string().max(300).regex(issueArgument, messages.notAnIssue))
      .min(1)
      .max(50)
      .describe('The issues'),
    max: z.number().int().min(1).max(50).optional().describe('No more than this many'),
    priority: z.number().int().min(0).max(3).optional().describe('Their priority from now on'),
  }),
  positional: ['issues'],
  names: ({ issues }, repository) => issuesNamed(issues, repository),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { issues, max, priority }): Promise<Reply> {
    const named = new Map(issuesNamed(issues, context.repo.fullName).map((one) => [issueKey(one), one]))
    const assigned: string[] = []
    const others: messages.NotAssigned[] = []
    for (const issue of named.values()) {
      const name = issueName(context, issue)
      const why = await reasonAgainst(context, issue)
      if (why) others.push({ issue: name, why })
      else if (max !== undefined && assigned.length >= max)
        others.push({ issue: name, why: messages.enoughAssigned(max) })
      else {
        await assign(context, issue, priority)
        assigned.push(name)
      }
    }
    if (assigned.length === 0) throw new NoAvailableWork(...messages.noneAssigned(others, context.settings.prefix))
    return { text: messages.assignedReply(assigned, others), outcome: 'done' }
  },
})

/** @returns why an issue cannot be assigned; undefined when it can. */
async function reasonAgainst(context: CommandContext, issue: IssueReference): Promise<string | undefined> {
  const { prefix } = context.settings
  const known = context.named?.get(issueKey(issue))
  if (issue.repository !== context.repo.fullName.toLowerCase()) return messages.inAnotherRepository
  if (!known || known.state === 'missing') return messages.doesNotExist
  if (known.issue?.isPullRequest) return messages.itIsPullRequest
  if (known.state === 'closed') return messages.itIsClosed
  const { item } = known
  if (!item || terminalStates.includes(item.state)) return waitsByText(context, known)
  if (item.kind === 'epic') return messages.itIsRoadmap(prefix)
  if (item.state === 'paused') return messages.itIsPaused(prefix)
  if (!startable.includes(item.state)) return lifecycle[item.state].label.toLowerCase()
  return waitsFor(context, item)
}

const startable: readonly ItemRow['state'][] = ['queued', 'ready']

async function waitsFor(context: CommandContext, item: ItemRow): Promise<string | undefined> {
  const edges = (await openDependencies(context.tx.db)).filter((edge) => edge.dependentId === item.id)
  const open = edges.filter((edge) => edge.blocker !== 'closed')
  const names = open.map((edge) => issueName(context, { repository: edge.repository, number: edge.issueNumber }))
  return names.length > 0 ? messages.waitsForIssues([...new Set(names)]) : undefined
}

/** An issue that is not queued has no stored edges: its text and GitHub's count say whether it waits. */
function waitsByText(context: CommandContext, { issue }: ResolvedIssue): string | undefined {
  const named = dependenciesIn(issue?.body ?? '', context.repo.fullName).map((one) => issueName(context, one))
  const { prefix } = context.settings
  if (named.length > 0) return messages.textWaitsFor(named, prefix)
  return (issue?.nativeBlockers ?? 0) > 0 ? messages.isBlocked(prefix) : undefined
}

async function assign(context: CommandContext, issue: IssueReference, priority: number | undefined): Promise<void> {
  const { tx, repo, settings, actor } = context
  const known = context.named?.get(issueKey(issue))
  const isUnderWay = known?.item && startable.includes(known.item.state)
  const item =
    !isUnderWay && known?.issue
      ? (await enqueueIssue(tx, { repo, settings, issue: known.issue, actor })).item
      : known?.item
  if (priority === undefined || !item) return
  await setScopedLabel({ ...context, item }, 'priority:', String(priority), { priority })
}
