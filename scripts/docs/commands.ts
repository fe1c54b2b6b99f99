/** The commands: the table of the README, the reference, and who may give which. */

import { z } from 'zod'
import type { Command } from '../../src/commands/command.ts'
import { commandUsage } from '../../src/commands/parse.ts'
import { code, table } from './table.ts'

/** One section for each command, in the order of their names. */
export function commandReference(commands: Iterable<Command>): string {
  return [...commands].map(reference).join('\n\n')
}

function reference(command: Command): string {
  const { properties = {}, required = [] } = z.toJSONSchema(command.args, { io: 'input' })
  const rows = Object.entries(properties).map(([name, property]) => {
    const { description = '' } = typeof property === 'boolean' ? {} : property
    return [code(name), required.includes(name) ? 'yes' : 'no', `${description}.`]
  })
  const where = command.where === 'anywhere' ? 'on an issue or a pull request' : `on an ${command.where}`
  const examples = command.examples.map((example) => code(example)).join(', ')
  return [
    `### \`/${command.name}\``,
    '',
    `${command.summary}.`,
    '',
    `- Typed: ${code(commandUsage(command))}, ${where}`,
    `- Needs: \`${command.permission}\` access to the repository`,
    `- Examples: ${examples}`,
    ...(rows.length > 0 ? ['', table(['argument', 'needed', 'what it is'], rows)] : []),
  ].join('\n')
}

/** Which access lets someone give which commands. */
export function commandPermissions(commands: Iterable<Command>): string {
  const groups = Map.groupBy(commands, (command) => command.permission)
  const rows = [...groups].map(([permission, ones]) => [
    code(permission),
    ones.map((one) => code(`/${one.name}`)).join(' '),
  ])
  return table(['access to the repository', 'commands'], rows)
}
