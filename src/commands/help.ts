import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'
import { UserError } from '../lib/errors.ts'
import { commandHelp, commandList, noSuchCommand } from '../messages/commands/help.ts'
import { type Command, type CommandContext, defineCommand, type Reply } from './command.ts'
import { commandUsage, isSlash } from './parse.ts'

export const command = defineCommand({
  name: 'help',
  summary: 'Lists the commands, or explains one',
  examples: ['/help', '/help merge'],
  args: z.strictObject({ command: z.string().max(60).optional().describe('The command to explain') }),
  positional: ['command'],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context, args): Promise<Reply> {
    if (args.command === undefined) return { text: list(context), outcome: 'done' }
    const name = args.command.replace(/^\//, '')
    const found = context.commands.find((one) => isSlash(one) && one.name === name)
    if (!found) throw unknown(context, name)
    return { text: explain(found, context.settings.prefix), outcome: 'done' }
  },
})

function list({ commands, settings: { prefix } }: CommandContext): string {
  const slash = commands.filter(isSlash)
  return commandList(
    slash.map((one) => ({ name: one.name, usage: commandUsage(one, prefix), summary: one.summary })),
    prefix,
  )
}

function explain(command: Command, prefix: string): string {
  return commandHelp({ ...command, usage: commandUsage(command, prefix) }, prefix)
}

function unknown({ commands, settings: { prefix } }: CommandContext, name: string): UserError {
  const nearest = didYouMean(
    name,
    commands.filter(isSlash).map((one) => one.name),
  )
  return new UserError(...noSuchCommand(name, nearest, prefix))
}
