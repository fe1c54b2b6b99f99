import { z } from 'zod'
import { openDependencies } from '../db/dependencies.ts'
import type { ItemRow } from '../db/work-items.ts'
import { dependenciesIn, type IssueReference } from '../domain/dependency-lines.ts'
import { lifecycle, terminalStates } from '../domain/lifecycle.ts'
import { issueKey, type ResolvedIssue } from '../github/resolve-issues.ts'
import { NoAvailableWork } from '../lib/errors.ts'
import { enqueueIssue } from '../work-items/enqueue-issue.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { issueArgument, issueName, issuesNamed, notAnIssue } from './lib/issue-arguments.ts'
import { setScopedLabel } from './lib/scoped-label.ts'
import { typed } from './lib/status-sentence.ts'

/** Puts several issues to work at once, and says of each other one why not (FEATURES C4). */
export const command = defineCommand({
  name: 'assign',
  summary: 'Queues several issues that wait for nothing, and says why the others wait',
  examples: ['/assign #1 #2', '/assign #1 #2 #3 --max 2 --priority 0'],
  args: z.strictObject({
    issues: z.array(z.string().max(300).regex(issueArgument, notAnIssue)).min(1).max(50).describe('The issues'),
    max: z.number().int().min(1).max(50).optional().describe('No more than this many'),
    priority: z.number().int().min(0).max(3).optional().describe('Their priority from now on'),
  }),
  words: ['issues'],
  names: ({ issues }, repository) => issuesNamed(issues, repository),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { issues, max, priority }): Promise<Reply> {
    const named = new Map(issuesNamed(issues, context.repo.fullName).map((one) => [issueKey(one), one]))
    const assigned: string[] = []
    const others: string[] = []
    for (const issue of named.values()) {
      const name = issueName(context, issue)
      const why = await whyNot(context, issue)
      if (why) others.push(`- ${name}: ${why}`)
      else if (max !== undefined && assigned.length >= max) others.push(`- ${name}: ${max} were asked for at most`)
      else {
        await assign(context, issue, priority)
        assigned.push(name)
      }
    }
    if (assigned.length === 0) {
      throw new NoAvailableWork(
        `None of them can begin:\n\n${others.join('\n')}\n\n`,
        `${typed(context, 'next')} says what can.`,
      )
    }
    const rest = others.length > 0 ? `\n\nNot assigned:\n\n${others.join('\n')}` : ''
    return { text: `Assigned: ${assigned.join(', ')}.${rest}`, outcome: 'done' }
  },
})

/** @returns what keeps an issue from being assigned; undefined when nothing does. */
async function whyNot(context: CommandContext, issue: IssueReference): Promise<string | undefined> {
  const known = context.named?.get(issueKey(issue))
  if (issue.repository !== context.repo.fullName.toLowerCase()) return 'it is in another repository; say it there'
  if (!known || known.state === 'missing') return 'it does not exist, or cannot be seen'
  if (known.issue?.isPullRequest) return 'it is a pull request'
  if (known.state === 'closed') return 'it is closed'
  const { item } = known
  if (!item || terminalStates.includes(item.state)) return waitsByText(context, known)
  if (item.kind === 'epic') return `it is a roadmap; ${typed(context, 'roadmap start')} there takes it in`
  if (item.state === 'paused') return `it is paused; ${typed(context, 'resume')} there goes on`
  if (!startable.includes(item.state)) return `${lifecycle[item.state].label.toLowerCase()}`
  return waitsFor(context, item)
}

const startable: readonly ItemRow['state'][] = ['queued', 'ready']

async function waitsFor(context: CommandContext, item: ItemRow): Promise<string | undefined> {
  const edges = (await openDependencies(context.tx.db)).filter((edge) => edge.dependentId === item.id)
  const open = edges.filter((edge) => edge.blocker !== 'closed')
  const names = open.map((edge) => issueName(context, { repository: edge.repository, number: edge.issueNumber }))
  return names.length > 0 ? `it waits for ${[...new Set(names)].join(', ')}` : undefined
}

/** Of an issue that nobody queued, only its text and GitHub's count say whether it waits. */
function waitsByText(context: CommandContext, { issue }: ResolvedIssue): string | undefined {
  const named = dependenciesIn(issue?.body ?? '', context.repo.fullName).map((one) => issueName(context, one))
  if (named.length > 0) return `it says that it waits for ${named.join(', ')}; ${typed(context, 'queue')} there lets it`
  return (issue?.nativeBlockers ?? 0) > 0
    ? `it is blocked by others; ${typed(context, 'queue')} there lets it wait`
    : undefined
}

async function assign(context: CommandContext, issue: IssueReference, priority: number | undefined): Promise<void> {
  const { tx, repo, settings, actor } = context
  const known = context.named?.get(issueKey(issue))
  const isOnItsWay = known?.item && startable.includes(known.item.state)
  const item =
    !isOnItsWay && known?.issue
      ? (await enqueueIssue(tx, { repo, settings, issue: known.issue, actor })).item
      : known?.item
  if (priority === undefined || !item) return
  await setScopedLabel({ ...context, item }, 'priority:', String(priority), { priority })
}
