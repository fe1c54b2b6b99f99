import { z } from 'zod'
import { crewOf, experienceOf } from '../db/crew-members.ts'
import { handlesOfPeople } from '../db/person-handles.ts'
import * as messages from '../messages/commands/crew.ts'
import { defineCommand, type Reply } from './command.ts'

export const command = defineCommand({
  name: 'crew',
  summary: 'Lists the agents of this repository by name: role, kind, what each has finished',
  examples: ['/crew'],
  args: z.strictObject({}),
  positional: [],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run({ tx, repo }): Promise<Reply> {
    const crew = await crewOf(tx.db, repo.id)
    const experience = new Map((await experienceOf(tx.db, crew)).map((one) => [one.memberId, one]))
    const rows = crew.map(({ id, name, handle, role, agent }) => {
      const { busy = false, all = 0 } = experience.get(id) ?? {}
      return { name, handle, role, agent, busy, finished: all }
    })
    const people = messages.handleList(await handlesOfPeople(tx.db, repo.id))
    return { text: [messages.crewList(rows), people].filter(Boolean).join('\n\n'), outcome: 'done' }
  },
})
