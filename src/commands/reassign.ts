import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { agentsAtWork } from '../db/agents.ts'
import { type CrewMember, crewOf, memberNamed } from '../db/crew-members.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { isComparing } from '../domain/best-of.ts'
import { needsBreakdown } from '../domain/choose-workflow.ts'
import { roleOfPurpose } from '../domain/crew.ts'
import { UserError } from '../lib/errors.ts'
import { isBeingStopped } from '../messages/commands/agents.ts'
import { nothingQueued } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/reassign.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { kindsNamed } from './lib/named-kinds.ts'
import { restartAgent } from './lib/restart-agent.ts'
import { statusSentence } from './lib/status-sentence.ts'

/**
 * Gives the item to a fresh agent, to one of another kind, or to a member of the crew by name. The item waits while that
 * member is at work elsewhere, and no other item gets it first. Only kinds that the repository has named, or that have
 * worked here, may get the code.
 */
export const command = defineCommand({
  name: 'reassign',
  summary: 'Gives this issue to a fresh agent, to a kind of agent, or to a member by name',
  examples: ['/reassign', '/reassign codex', '/reassign @Atlas'],
  args: z.strictObject({
    to: z
      .string()
      .regex(/^@?[\w-]{1,60}$/, 'must be a kind of agent, or the name of one such as @Atlas')
      .optional()
      .describe('A kind of agent, or a member of the crew, who keeps it until it is done or fails'),
  }),
  positional: ['to'],
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { to }): Promise<Reply> {
    const { item, tx, repo, settings, actor } = context
    if (!item) throw new UserError(...nothingQueued(settings.prefix))
    if (!['queued', 'planning', 'ready', 'running', 'held', 'paused'].includes(item.state))
      throw new UserError(messages.cannotReassign, await statusSentence(context, item))
    const meant = to === undefined ? undefined : await agentMeant(context, item, to)
    const wish = {
      memberId: meant?.member?.id ?? null,
      ...(meant ? { agent: meant.kind, ...endOfComparing(item) } : {}),
    }
    await tx.db.update(workItems).set(wish).where(eq(workItems.id, item.id))
    const live = (await agentsAtWork(tx.db, repo.id)).find((one) => one.item.id === item.id)
    if (live) {
      // It may be given to someone else once more before the first agent has ended.
      const then = live.run.stop ? isBeingStopped(item) : await restartAgent(context, live)
      return { text: messages.reassigned(meant, then), outcome: 'done' }
    }
    const why = messages.reassignedBy(actor.login)
    const now = ['held', 'paused'].includes(item.state) ? await goOn(context, item, why) : item
    if (now === item) await tx.enqueue({ queue: 'schedule' })
    return { text: messages.reassigned(meant, await statusSentence(context, now)), outcome: 'done' }
  },
})

/** One kind builds it from here on: what others have made is not chosen from any more. */
function endOfComparing({ bestOf }: ItemRow): Partial<ItemRow> {
  return isComparing(bestOf) ? { bestOf: { ...bestOf, over: true } } : {}
}

async function goOn({ tx, actor }: CommandContext, item: ItemRow, why: string): Promise<ItemRow> {
  const to = ['running', 'checking', 'ready'].includes(item.resumeState ?? '') ? 'ready' : 'queued'
  return transition(tx, item, to, { actor: actor.login, why })
}

interface MeantAgent {
  kind: string
  /** Who gets the item; undefined where any of the kind may. */
  member?: CrewMember | undefined
  /** Someone was named who does not do what comes next: only the kind counts. */
  other?: { name: string; role: string }
}

/** @throws {UserError} with the kinds and names that there are. */
async function agentMeant({ tx, repo, settings }: CommandContext, item: ItemRow, to: string): Promise<MeantAgent> {
  const name = to.replace(/^@/, '')
  const crew = (await crewOf(tx.db, repo.id)).filter(({ agent }) => agent !== '')
  const kinds = new Set([...kindsNamed(settings), ...crew.map(({ agent }) => agent)])
  if (!to.startsWith('@') && kinds.has(name)) return { kind: name }
  const member = await memberNamed(tx.db, repo.id, name)
  if (!member?.agent) {
    const names = crew.map((one) => one.name)
    throw new UserError(...messages.noSuchKind(to, [...kinds].sort(), names))
  }
  const purpose = item.state !== 'planning' ? 'build' : needsBreakdown(item.routing) ? 'breakdown' : 'plan'
  return member.role === roleOfPurpose(purpose)
    ? { kind: member.agent, member }
    : { kind: member.agent, other: { name: member.name, role: member.role } }
}
