import { z } from 'zod'
import { crewOf, memberNamed, setMemberHandle } from '../db/crew-members.ts'
import { AgentNotFound, UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/crew.ts'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'set-handle',
  summary: 'Gives a member of the crew another name that it is written to',
  examples: ['{"name": "Aria", "handle": "parser-expert"}'],
  slash: false,
  args: z.strictObject({
    name: z.string().min(1).max(60).describe('Its name, or its present handle'),
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
  async run({ tx, repo, settings }, { name, handle: given }): Promise<Reply> {
    const handle = given.replace(/^@/, '')
    const member = await memberNamed(tx.db, repo.id, name)
    if (!member) throw new AgentNotFound(name, messages.crewLists(settings.prefix), messages.noSuchMember(name))
    const taken = /^(?:people|all)$/i.test(handle) || !(await setMemberHandle(tx, member, handle))
    if (taken) {
      const crew = await crewOf(tx.db, repo.id)
      throw new UserError(
        ...messages.handleIsTaken(
          handle,
          crew.flatMap((one) => [one.name, one.handle ?? []].flat()),
        ),
      )
    }
    return { text: messages.handleIsSet(member.name, handle), outcome: 'done', data: { name: member.name, handle } }
  },
})
