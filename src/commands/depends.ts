import { and, eq } from 'drizzle-orm'
import { z } from 'zod'
import { type DependencyRow, openDependencies } from '../db/dependencies.ts'
import { isPart } from '../db/epics.ts'
import { enqueueEffect } from '../db/outbox.ts'
import { dependencies } from '../db/schema/work-items.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { IssueAddress } from '../domain/github.ts'
import { DependencyCycle, UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/schedule.ts'
import { findDependencyPath } from '../work-items/dependency-path.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { issueArgument, issueName, issuesNamed, mustBeIssue } from './lib/issue-arguments.ts'

export const command = defineCommand({
  name: 'depends',
  summary: 'Makes this issue wait for another one, or with --remove no longer',
  examples: ['/depends #12', '/depends owner/repo#3', '/depends --remove #12', '/depends'],
  args: z.strictObject({
    issue: z.string().max(300).regex(issueArgument, messages.notAnIssue).optional().describe('The issue to wait for'),
    remove: z.boolean().optional().describe('No longer waits for it'),
  }),
  positional: ['issue'],
  names: ({ issue }, repository) => (issue === undefined ? [] : issuesNamed([issue], repository)),
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context, args): Promise<Reply> {
    const { item } = context
    if (!item) throw new UserError(...messages.nothingQueuedToDepend(context.settings.prefix))
    const [issue] = args.issue === undefined ? [] : issuesNamed([args.issue], context.repo.fullName)
    if (!issue) return { text: await listed(context, item), outcome: 'done' }
    return args.remove ? remove(context, item, issue) : add(context, item, issue)
  },
})

async function listed(context: CommandContext, item: ItemRow): Promise<string> {
  const edges = (await edgesOf(context, item)).filter((edge) => edge.blocker !== 'closed')
  return messages.dependencyList(
    edges.map(({ repository, issueNumber, source }) => ({
      issue: issueName(context, { repository, number: issueNumber }),
      source,
    })),
  )
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
    throw new UserError(...messages.cannotWaitForItself)
  const known = mustBeIssue(context, issue)
  if (known.state === 'closed') return { text: messages.blockerIsClosed(name), outcome: 'done' }
  const path = await findDependencyPath(tx.db, issue, here)
  if (path) throw new DependencyCycle([here, ...path.slice(0, -1)].map((one) => issueName(context, one)))
  const edge = { repository: issue.repository, issueNumber: issue.number, blocker: 'open' as const }
  const rows = await tx.db
    .insert(dependencies)
    .values({ ...edge, dependentId: item.id, source: 'command' })
    .onConflictDoNothing()
    .returning()
  await linkNatively(context, item, issue, true)
  await tx.enqueue({ queue: 'schedule' })
  if (rows.length === 0) return { text: messages.waitsAlready(name), outcome: 'done' }
  const working = ['running', 'checking'].includes(item.state)
  const notInstalledIn = known.repo ? undefined : issue.repository
  return { text: messages.waitsFromNowOn(name, { working, notInstalledIn }), outcome: 'done' }
}

async function remove(context: CommandContext, item: ItemRow, issue: IssueAddress): Promise<Reply> {
  const { tx } = context
  const name = issueName(context, issue)
  const edge = and(
    eq(dependencies.dependentId, item.id),
    eq(dependencies.repository, issue.repository),
    eq(dependencies.issueNumber, issue.number),
  )
  const before = await tx.db.select().from(dependencies).where(edge)
  await tx.db.delete(dependencies).where(and(edge, eq(dependencies.source, 'command')))
  // The native link that we made is removed as well; its webhook removes the edge.
  if (before.some(({ source }) => source === 'command' || source === 'native')) {
    await linkNatively(context, item, issue, false)
    await tx.db.delete(dependencies).where(and(edge, eq(dependencies.source, 'native')))
  }
  await tx.enqueue({ queue: 'schedule' })
  const left = before.filter(({ source }) => source !== 'command' && source !== 'native')
  const sources = left.map(({ source }) => source)
  const text = left.length > 0 ? messages.stillWaits(name, sources) : messages.waitsNoMore(name, before.length > 0)
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
