import { eq } from 'drizzle-orm'
import { z } from 'zod'
import type { Settings } from '../config/settings.ts'
import { agentsAtWork } from '../db/agents.ts'
import { crewOf, memberNamed } from '../db/crew-members.ts'
import { workItems } from '../db/schema/work-items.ts'
import { type ItemRow, transition } from '../db/work-items.ts'
import { UserError } from '../lib/errors.ts'
import { nothingQueued } from '../messages/commands/common.ts'
import * as messages from '../messages/commands/reassign.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { restartAgent } from './lib/restart-agent.ts'
import { statusSentence } from './lib/status-sentence.ts'

/**
 * Gives the item to a fresh agent, of another kind where one is named. A name stands for the kind of that member: which
 * member of a kind gets an attempt follows from who knows the files and is free. Only kinds that the repository has
 * named, or that have worked here, may get the code.
 */
export const command = defineCommand({
  name: 'reassign',
  summary: 'Gives this issue to a fresh agent, or to the kind of agent named',
  examples: ['/reassign', '/reassign codex', '/reassign @Atlas'],
  args: z.strictObject({
    to: z
      .string()
      .regex(/^@?[\w-]{1,60}$/, 'must be a kind of agent, or the name of one such as @Atlas')
      .optional()
      .describe('A kind of agent, or a member of the crew whose kind is meant'),
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
    const kind = to === undefined ? undefined : await kindMeant(context, to)
    if (kind !== undefined) await tx.db.update(workItems).set({ agent: kind }).where(eq(workItems.id, item.id))
    const live = (await agentsAtWork(tx.db, repo.id)).find((one) => one.item.id === item.id)
    if (live) return { text: messages.reassigned(kind, await restartAgent(context, live)), outcome: 'done' }
    const why = messages.reassignedBy(actor.login)
    const now = ['held', 'paused'].includes(item.state) ? await goOn(context, item, why) : item
    if (now === item) await tx.enqueue({ queue: 'schedule' })
    return { text: messages.reassigned(kind, await statusSentence(context, now)), outcome: 'done' }
  },
})

async function goOn({ tx, actor }: CommandContext, item: ItemRow, why: string): Promise<ItemRow> {
  const to = ['running', 'checking', 'ready'].includes(item.resumeState ?? '') ? 'ready' : 'queued'
  return transition(tx, item, to, { actor: actor.login, why })
}

/** @throws {UserError} with the kinds and names that there are. */
async function kindMeant({ tx, repo, settings }: CommandContext, to: string): Promise<string> {
  const name = to.replace(/^@/, '')
  const crew = (await crewOf(tx.db, repo.id)).filter(({ agent }) => agent !== '')
  const kinds = new Set([...kindsNamed(settings), ...crew.map(({ agent }) => agent)])
  if (!to.startsWith('@') && kinds.has(name)) return name
  const member = await memberNamed(tx.db, repo.id, name)
  if (member?.agent) return member.agent
  const names = crew.map((one) => one.name)
  throw new UserError(...messages.noSuchKind(to, [...kinds].sort(), names))
}

function kindsNamed({ agent, agents, recovery, roles, modules, loops }: Settings): string[] {
  const others = [...Object.values(modules), ...Object.values(loops)].map((one) => one.agent)
  const ofRoles = [roles?.planner, roles?.builder, roles?.reviewer].map((role) => role?.agent)
  const named = [agent, ...Object.keys(agents), ...recovery.agents, ...ofRoles]
  return [...named, ...others].filter((one) => one !== undefined)
}
