import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { type Command, type CommandContext, defineCommand, type Reply } from './command.ts'
import { typed } from './lib/status-sentence.ts'
import { commandUsage, withPrefix } from './parse.ts'

export const command = defineCommand({
  name: 'help',
  summary: 'Lists the commands, or explains one',
  examples: ['/help', '/help merge'],
  args: z.strictObject({ command: z.string().max(60).optional().describe('The command to explain') }),
  words: ['command'],
  permission: 'write',
  where: 'anywhere',
  reads: true,
  async run(context, args): Promise<Reply> {
    if (args.command === undefined) return { text: list(context), outcome: 'done' }
    const name = args.command.replace(/^\//, '')
    const found = context.commands.find((one) => one.name === name)
    if (!found) throw unknown(context, name)
    return { text: explain(found, context.settings.prefix), outcome: 'done' }
  },
})

function list({ commands, settings: { prefix } }: CommandContext): string {
  const rows = commands.map((one) => `| \`${commandUsage(one, prefix)}\` | ${one.summary} |`)
  return ['| command | what it does |', '|---|---|', ...rows].join('\n')
}

function explain(command: Command, prefix: string): string {
  const examples = command.examples.map((example) => `\`${withPrefix(example, prefix)}\``).join(', ')
  const where =
    command.where === 'anywhere'
      ? 'an issue or a pull request'
      : `a${command.where === 'issue' ? 'n' : ''} ${command.where}`
  return [
    `**\`${commandUsage(command, prefix)}\`**: ${command.summary}.`,
    `For people with ${command.permission} permission, on ${where}. For example: ${examples}.`,
  ].join('\n')
}

function unknown(context: CommandContext, name: string): UserError {
  const meant = didYouMean(
    name,
    context.commands.map((one) => one.name),
  )
  const shown = singleLine(name, 60).replaceAll('`', "'")
  return new UserError(
    `There is no command called \`${shown}\`${meant ? `; did you mean ${typed(context, meant)}?` : '.'}`,
    `${typed(context, 'help')} lists them all.`,
  )
}
