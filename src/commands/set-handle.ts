import { z } from 'zod'
import { memberNamed, setMemberHandle } from '../db/crew-members.ts'
import { isHandleOfPerson, setPersonHandle, takenHandles } from '../db/person-handles.ts'
import { AgentNotFound, UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/crew.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'set-handle',
  summary: 'Gives you, or a member of the crew, another name to be written to by',
  examples: ['{"handle": "release-manager"}', '{"name": "Aria", "handle": "parser-expert"}'],
  slash: false,
  args: z.strictObject({
    name: z
      .string()
      .min(1)
      .max(60)
      .optional()
      .describe('The name of a member of the crew, or its present handle; without it, the handle is your own'),
    handle: z
      .string()
      .regex(/^@?[A-Za-z][A-Za-z0-9_-]{0,39}$/, 'must be one word of letters, digits and dashes')
      .describe('The new one'),
  }),
  positional: [],
  result: z.object({ name: z.string(), handle: z.string() }),
  permission: 'write',
  where: 'anywhere',
  reads: false,
  async run(context, { name, handle: given }): Promise<Reply> {
    const handle = given.replace(/^@/, '')
    const owner = name === undefined ? await setOwn(context, handle) : await setMembers(context, name, handle)
    return { text: messages.handleIsSet(owner, handle), outcome: 'done', data: { name: owner, handle } }
  },
})

/** @returns the login of the caller. */
async function setOwn({ tx, repo, actor }: CommandContext, handle: string): Promise<string> {
  if (actor.type === 'Token') throw new UserError(...messages.programsHaveNoHandle)
  if (isReserved(handle) || !(await setPersonHandle(tx, repo.id, actor, handle)))
    throw new UserError(...messages.handleIsTaken(handle, await takenHandles(tx.db, repo.id)))
  return actor.login
}

/** @returns the name of the member. */
async function setMembers({ tx, repo, settings }: CommandContext, name: string, handle: string): Promise<string> {
  const member = await memberNamed(tx.db, repo.id, name)
  if (!member) throw new AgentNotFound(name, messages.crewLists(settings.prefix), messages.noSuchMember(name))
  const ofPerson = await isHandleOfPerson(tx.db, repo.id, handle)
  if (isReserved(handle) || ofPerson || !(await setMemberHandle(tx, member, handle)))
    throw new UserError(...messages.handleIsTaken(handle, await takenHandles(tx.db, repo.id)))
  return member.name
}

function isReserved(handle: string): boolean {
  return /^(?:people|all)$/i.test(handle)
}
