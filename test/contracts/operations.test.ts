/** Every command with data: what it answers has the shape that it declares, and is refused with a name. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { runs } from '../../src/db/schema/runs.ts'
import { issueKey } from '../../src/github/resolve-issues.ts'
import { commands, openPlaces } from '../support/command-place.ts'

let places: Awaited<ReturnType<typeof openPlaces>>
beforeAll(async () => {
  places = await openPlaces()
})
afterAll(() => places.close())

const withData = [...commands.values()].filter(({ result }) => result !== undefined)

describe.each(withData.map((command) => [command.name, command] as const))('%s', (name, command) => {
  it('answers every example with the shape that it declares', async () => {
    for (const example of command.examples) {
      const here = await places.place()
      await here.say('/queue', { issue: { ...here.issue, labels: ['module:auth', 'priority:1'] } })
      await here.go('ready')
      const run = await here.start('Step 1 of 2')
      const args = example.startsWith('{')
        ? JSON.parse(example.replace('"agentId": "12"', `"agentId": "${run.id}"`))
        : {}
      const item = await here.item()
      const reply = await here.give(name, args, {
        issue: here.issue,
        item,
        named: new Map([
          [issueKey({ repository: here.repo.fullName.toLowerCase(), number: 12 }), { state: 'open', item }],
        ]),
      } as never)
      if (reply.outcome === 'refused') {
        // Work that cannot start in this place; never because of the arguments.
        expect(reply.problem).toBe('NoAvailableWork')
        continue
      }
      const data = JSON.parse(JSON.stringify(reply.data))
      expect(z.strictObject(command.result?.shape ?? {}).parse(data)).toEqual(data)
      if (!reply.follow) continue
      const then = JSON.parse(JSON.stringify((await reply.follow(places.store.db)).data))
      expect(z.strictObject(command.result?.shape ?? {}).parse(then)).toEqual(then)
    }
  })
})

it('an agent that is not there is named, with how to find those that are', async () => {
  const here = await places.place()
  for (const name of ['get-agent', 'terminate-agent']) {
    for (const agentId of ['999999', '1e999', 'x', '-1']) {
      const reply = await here.give(name, { agentId })
      expect(reply).toMatchObject({ outcome: 'refused', problem: 'AgentNotFound' })
      expect(reply.text).toContain(`There is no agent \`${agentId}\` in this repository. \`list_agents\``)
    }
  }
})

it('an agent of another repository is none of this one', async () => {
  const [here, there] = [await places.place(), await places.place()]
  await there.say('/queue')
  await there.go('ready')
  const { id } = await there.start()
  expect(await here.give('terminate-agent', { agentId: String(id) })).toMatchObject({ problem: 'AgentNotFound' })
  expect(await places.store.db.select().from(runs).where(eq(runs.id, id))).toMatchObject([{ stop: null }])
})
