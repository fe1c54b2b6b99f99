/** Every command with data: what it answers has the shape that it declares, and is refused with a name. */

import { eq } from 'drizzle-orm'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { checkedArguments } from '../../src/commands/lib/give-command.ts'
import { parseCommand } from '../../src/commands/parse.ts'
import { addMember } from '../../src/db/crew-members.ts'
import { runs } from '../../src/db/schema/runs.ts'
import { issueKey } from '../../src/github/resolve-issues.ts'
import type { InvalidArguments } from '../../src/lib/errors.ts'
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
      const member = { repositoryId: here.repo.id, role: 'builder' as const, agent: 'codex', name: 'Aria' }
      await places.store.transaction((tx) => addMember(tx, member))
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

/** A value of the wrong type for each argument of each command. */
const wrong = [...commands.values()].flatMap((command) => {
  const { properties = {} } = z.toJSONSchema(command.args)
  return Object.keys(properties).flatMap((name) =>
    [{ a: 1 }, null, 'x'.repeat(100_000)].map((value) => [command.name, name, value] as const),
  )
})

it.each(wrong)('%s: a wrong value for `%s` is named, with what it must be and an example', (name, argument, value) => {
  const command = commands.get(name)
  if (!command) throw new Error(name)
  const good = command.examples[0]?.startsWith('{') ? JSON.parse(command.examples[0]) : {}
  let text = ''
  try {
    checkedArguments(command, { ...good, [argument]: value })
  } catch (error) {
    text = (error as InvalidArguments).toMarkdown()
  }
  // Missing ones come first where the example is a line and not JSON.
  expect(text).toMatch(new RegExp(`\`${argument}\` (?:must|is|an? )|\`\\w+\` is missing; it must`))
  expect(text).toContain(`For example: \`${command.examples[0]}\``)
  expect(text).not.toMatch(/Invalid input|expected .* received|Too (?:big|small)/)
  expect(text.length).toBeLessThan(900)
})

it.each([
  ['/assign', 'issues` is missing; it must be a list of at least 1 and at most 50'],
  ['/priority high', '`priority` must be a whole number from 0 to 3; given was `high`'],
  ['/priority 7', '`priority` must be a whole number from 0 to 3; given was `7`'],
  ['/effort huge', 'given was `huge`'],
  ['/stop --all=perhaps', '`all` must be `true` or `false`; given was `perhaps`'],
  ['/next many', '`count` must be a whole number from 1 to 30; given was `many`'],
  ['/assign x', '`issues` an issue is written `#12` or `owner/repo#3`; given was `x`'],
  ['/spawn #x#', '`what` must be an issue such as #12, or the name of a module; given was `#x#`'],
])('%s', (line, words) => {
  expect(parseCommand(line, '', commands)).toMatchObject({ invalid: expect.stringContaining(words) })
})

it('an argument that does not exist is named, with the nearest one', () => {
  const command = commands.get('get-work-queue')
  if (!command) throw new Error('no command')
  expect(() => checkedArguments(command, { limt: 3 })).toThrow('there is no argument `limt`; did you mean `limit`?')
})

it('/help shows first the six commands that a newcomer needs, and every command in a group', async () => {
  const here = await places.place()
  const { text } = await here.say('/help')
  const [first = ''] = text.split('<details>')
  expect(first.match(/^\| `\//gm)).toHaveLength(6)
  expect(text).not.toContain('| Others |')
  for (const { name, slash } of commands.values()) if (slash !== false) expect(text).toContain(`| \`/${name}`)
})
