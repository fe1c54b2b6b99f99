import { z } from 'zod'
import { memoryFor } from '../crew/memory.ts'
import { changeMemory, type MemoryRow, memoriesOf } from '../db/memories.ts'
import { domainOf, type MemoryDomain, memoryDomains } from '../domain/crew.ts'
import { memoryDigest, memoryLength } from '../domain/memory.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/memory.ts'
import { memoryList } from '../messages/memory.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'

/** Rows that a reply shows. */
const shown = 30

export const command = defineCommand({
  name: 'memory',
  summary: 'Shows what agents remember here; add, forget, confirm or edit it',
  examples: ['/memory', '/memory list tests', '/memory add Run `npm run fix` last', '/memory forget 12'],
  args: z.strictObject({
    what: z
      .enum(['list', 'add', 'forget', 'confirm', 'edit'])
      .optional()
      .describe('"add" teaches the agents a text; "forget", "confirm" and "edit" take the number of a memory'),
    text: z
      .string()
      .max(4_000)
      .optional()
      .describe('What to remember; the number of a memory, and its new text for "edit"; or a topic for "list"'),
  }),
  positional: ['what'],
  text: 'text',
  permission: 'write',
  where: 'anywhere',
  reads: false,
  destructive: true,
  repeats: true,
  async run(context, { what = 'list', text = '' }): Promise<Reply> {
    if (what === 'list') return { text: await list(context, text), outcome: 'done' }
    if (what === 'add') return { text: await add(context, text), outcome: 'done' }
    return { text: await change(context, what, text), outcome: 'done' }
  },
})

async function list({ tx, repo, settings }: CommandContext, topic: string): Promise<string> {
  const domain = topic.toLowerCase().trim() as MemoryDomain | ''
  if (domain !== '' && !memoryDomains.includes(domain))
    throw new UserError(...messages.noSuchTopic(topic, memoryDomains))
  const memories = await memoriesOf(tx.db, repo.id, domain || undefined)
  return memoryList(memories, { shown, prefix: settings.prefix })
}

async function add({ tx, repo, actor, issue, settings }: CommandContext, text: string): Promise<string> {
  checkText(text, settings.prefix)
  const person = { repositoryId: repo.id, memberId: null, source: 'person' as const, confirmedBy: actor.login }
  // What a person writes in a comment is public there already.
  const memory = memoryFor(tx, { ...person, ...(issue ? { issueNumber: issue.number } : {}), redact: (one) => one })
  const row = await memory.discoverPreference(text.replace(/\s+/g, ' ').trim())
  if (!row) throw new UserError(...messages.nothingToRemember(settings.prefix))
  return row.isNew ? messages.remembered(row.id) : messages.rememberedAlready(row.id)
}

async function change(context: CommandContext, what: 'forget' | 'confirm' | 'edit', text: string): Promise<string> {
  const { tx, repo, actor, settings } = context
  const [, number, rest = ''] = /^#?(\d{1,9})(?:\s+(.*))?$/s.exec(text.trim()) ?? []
  if (!number) throw new UserError(...messages.numberMissing(what, settings.prefix))
  const before = (await memoriesOf(tx.db, repo.id)).find(({ id }) => id === Number(number))
  if (!before) throw new UserError(...messages.noSuchMemory(number, settings.prefix))
  if (what === 'edit') checkText(rest, settings.prefix)
  await changeMemory(tx, repo.id, before.id, changesOf(before, what, rest.replace(/\s+/g, ' ').trim(), actor.login))
  return messages.memoryChanged(before.id, what)
}

/** A person stands for what they confirm or rewrite. */
function changesOf(before: MemoryRow, what: 'forget' | 'confirm' | 'edit', text: string, login: string) {
  if (what === 'forget') return { forgotten: true }
  const word = { source: 'person' as const, confirmedBy: login }
  if (what === 'confirm') return word
  return { ...word, text, digest: memoryDigest(before.kind, before.about, text), domain: domainOf(text) }
}

function checkText(text: string, prefix: string): void {
  if (!/[\p{L}\p{N}]/u.test(text)) throw new UserError(...messages.nothingToRemember(prefix))
  if (text.length > memoryLength) throw new UserError(...messages.tooLongToRemember(text.length, memoryLength))
}
