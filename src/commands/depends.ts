import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { type DependencyRow, openDependencies } from '../db/dependencies.ts'
import { isPart } from '../db/epics.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { dependencies } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { IssueAddress } from '../domain/github.ts'
import { DependencyCycle, UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { findDependencyPath } from '../work-items/dependency-path.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { issueArgument, issueName, issuesNamed, mustBeIssue, notAnIssue } from './lib/issue-arguments.ts'
import { typed } from './lib/status-sentence.ts'

/** Where an edge was read, as it is said to people. */
const places: Readonly<Record<DependencyRow['source'], string>> = {
  native: 'GitHub’s “blocked by”',
  body: 'a line in the issue',
  command: '`/depends`',
  'sub-issue': 'a sub-issue',
  'task-list': 'a task list',
  roadmap: 'a roadmap',
  plan: 'a plan',
  order: 'its line in a roadmap',
}

export const command = defineCommand({
  name: 'depends',
  summary: 'Makes this issue wait for another one, or with --remove no longer',
  examples: ['/depends #12', '/depends owner/repo#3', '/depends --remove #12', '/depends'],
  args: z.strictObject({
    issue: z.string().max(300).regex(issueArgument, notAnIssue).optional().describe('The issue to wait for'),
    remove: z.boolean().optional().describe('No longer waits for it'),
  }),
  words: ['issue'],
  names: ({ issue }, repository) => (issue === undefined ? [] : issuesNamed([issue], repository)),
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context, args): Promise<Reply> {
    const { item } = context
    if (!item) throw new UserError('Nothing is queued here.', `${typed(context, 'queue')} queues it first.`)
    const [issue] = args.issue === undefined ? [] : issuesNamed([args.issue], context.repo.fullName)
    if (!issue) return { text: await listed(context, item), outcome: 'done' }
    return args.remove ? remove(context, item, issue) : add(context, item, issue)
  },
})

async function listed(context: CommandContext, item: ItemRow): Promise<string> {
  const edges = (await edgesOf(context, item)).filter((edge) => edge.blocker !== 'closed')
  if (edges.length === 0) return 'It waits for no other issue.'
  const rows = edges.map((edge) => {
    const name = issueName(context, { repository: edge.repository, number: edge.issueNumber })
    return `- ${name} (${places[edge.source]})`
  })
  return ['It waits for:', '', ...rows].join('\n')
}

async function edgesOf({ tx }: CommandContext, item: ItemRow): Promise<DependencyRow[]> {
  const all = await openDependencies(tx.db)
  return all.filter((edge) => edge.dependentId === item.id && !(item.kind === 'epic' && isPart(edge)))
}

async function add(context: CommandContext, item: ItemRow, issue: IssueAddress): Promise<Reply> {
  const { tx, repo } = context
  const name = issueName(context, issue)
  const here = { repository: repo.fullName.toLowerCase(), number: item.issueNumber }
  if (issue.repository === here.repository && issue.number === here.number)
    throw new UserError('An issue cannot wait for itself.', 'Name another one.')
  const known = mustBeIssue(context, issue)
  if (known.state === 'closed') return { text: `${name} is closed already, so it holds nothing back.`, outcome: 'done' }
  const way = await findDependencyPath(tx.db, issue, here)
  if (way) throw new DependencyCycle([here, ...way.slice(0, -1)].map((one) => issueName(context, one)))
  const edge = { repository: issue.repository, issueNumber: issue.number, blocker: 'open' as const }
  const rows = await tx.db
    .insert(dependencies)
    .values({ ...edge, dependentId: item.id, source: 'command' })
    .onConflictDoNothing()
    .returning()
  await linkNatively(context, item, issue, true)
  await tx.enqueue({ queue: 'schedule' })
  if (rows.length === 0) return { text: `It waits for ${name} already.`, outcome: 'done' }
  const notes = [
    ['running', 'checking'].includes(item.state)
      ? ' It is being worked on now; that counts when it is tried again.'
      : '',
    known.repo ? '' : ` The app is not installed in ${singleLine(issue.repository)}, so its closing is noticed late.`,
  ]
  return { text: `It waits for ${name} from now on.${notes.join('')}`, outcome: 'done' }
}

async function remove(context: CommandContext, item: ItemRow, issue: IssueAddress): Promise<Reply> {
  const { tx } = context
  const name = issueName(context, issue)
  const mine = and(
    eq(dependencies.dependentId, item.id),
    eq(dependencies.repository, issue.repository),
    eq(dependencies.issueNumber, issue.number),
  )
  const before = await tx.db.select().from(dependencies).where(mine)
  await tx.db.delete(dependencies).where(and(mine, eq(dependencies.source, 'command')))
  // The link that we made is taken back with it; the webhook of that takes its edge away.
  if (before.some((edge) => edge.source === 'command' || edge.source === 'native')) {
    await linkNatively(context, item, issue, false)
    await tx.db.delete(dependencies).where(and(mine, eq(dependencies.source, 'native')))
  }
  await tx.enqueue({ queue: 'schedule' })
  const left = before.filter((edge) => edge.source !== 'command' && edge.source !== 'native')
  if (left.length > 0) {
    const where = left.map((edge) => places[edge.source]).join(', ')
    return { text: `It still waits for ${name}: ${where}. Take that out too.`, outcome: 'done' }
  }
  const text = before.length > 0 ? `It waits for ${name} no longer.` : `It did not wait for ${name}.`
  return { text, outcome: 'done' }
}

async function linkNatively(
  { tx, repo }: CommandContext,
  item: ItemRow,
  blocker: IssueAddress,
  wanted: boolean,
): Promise<void> {
  const key = `blocked-by:${item.id}:${blocker.repository}#${blocker.number}`
  const payload = { issueNumber: item.issueNumber, blocker, wanted }
  await enqueueEffect(tx, { repositoryId: repo.id, workItemId: item.id, key }, { kind: 'blocked-by', payload })
}
