import { z } from 'zod'
import { linesWithoutIssue } from '../db/epics.ts'
import { repositoryByName } from '../db/repositories.ts'
import type { RoadmapMode } from '../db/schema/work-items.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import { activeStates, terminalStates } from '../domain/lifecycle.ts'
import { readRoadmap, roadmapExample } from '../domain/roadmap-text.ts'
import { UserError } from '../lib/errors.ts'
import { singleLine } from '../lib/sanitise.ts'
import { type CommandContext, defineCommand, type Reply } from './command.ts'
import { mustBeEpic, partsOnce } from './lib/epic.ts'
import { issueName } from './lib/issue-arguments.ts'
import { typed } from './lib/status-sentence.ts'

const modes = ['one', 'parallel', 'sequential', 'batch'] as const

export const command = defineCommand({
  name: 'roadmap',
  summary: 'Says how far this roadmap is; "start" has it worked on, "import" reads the file',
  examples: ['/roadmap', '/roadmap start', '/roadmap start --mode parallel --max 2', '/roadmap import'],
  args: z.strictObject({
    what: z.enum(['start', 'import']).optional().describe('"start" takes this issue in, "import" the roadmap file'),
    mode: z
      .enum(modes)
      .optional()
      .describe('"one" part, some in "parallel", one after another ("sequential"), or all that is available ("batch")'),
    max: z.number().int().min(1).max(100).optional().describe('Parts worked on at once, in the mode "parallel"'),
  }),
  words: ['what'],
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context, { what, mode, max }): Promise<Reply> {
    const pace = paceOf(mode, max)
    if (what === 'import') return importFile(context, pace)
    if (what === 'start') return start(context, pace)
    if (pace)
      throw new UserError(
        'How a roadmap is worked on is said when it starts.',
        `${typed(context, 'roadmap start --mode one')}, for example.`,
      )
    return { text: await summary(context), outcome: 'done' }
  },
})

function paceOf(mode: RoadmapMode['mode'] | undefined, max: number | undefined): RoadmapMode | undefined {
  if (max !== undefined && mode !== undefined && mode !== 'parallel')
    throw new UserError('`--max` goes with `--mode parallel`.', 'The other modes say how many by themselves.')
  if (mode === undefined && max === undefined) return undefined
  return mode === undefined || mode === 'parallel' ? { mode: 'parallel', max: max ?? 2 } : { mode }
}

async function importFile(context: CommandContext, pace: RoadmapMode | undefined): Promise<Reply> {
  const epic = await mustBeEpic(context, pace ? { pace } : {})
  await context.tx.enqueue({ queue: 'sync-roadmap', workItemId: epic.id, from: 'file', asked: true })
  return { text: `\`${singleLine(context.settings.roadmap.file)}\` is being read.`, outcome: 'done' }
}

async function start(context: CommandContext, pace: RoadmapMode | undefined): Promise<Reply> {
  const { issue, item, repo } = context
  if (item?.kind !== 'epic' && !hasParts(context)) {
    const lines = readRoadmap(issue.body, repo.fullName).lines
    if (lines.length === 0) throw new UserError('There is no roadmap here.', roadmapExample)
  }
  // Checkboxes of an issue that is made of sub-issues need not be work; those of one that has nothing else are.
  const makes = item?.kind === 'epic' || hasParts(context) ? {} : { makes: true }
  await mustBeEpic(context, { ...makes, ...(pace ? { pace } : {}) })
  return {
    text: `The roadmap is taken in as it is now, on the word of ${context.actor.login}. ${pace ? paceWords(pace) : ''}`.trim(),
    outcome: 'done',
  }
}

function hasParts({ issue }: CommandContext): boolean {
  return (issue.openParts ?? 0) > 0
}

function paceWords({ mode, max = 1 }: RoadmapMode): string {
  if (mode === 'one') return 'One part is worked on, and then no other.'
  if (mode === 'sequential') return 'Its parts are worked on one after another, in their order.'
  if (mode === 'batch') return 'All parts that are available are worked on.'
  return max === 1 ? 'One part is worked on at a time.' : `At most ${max} parts are worked on at once.`
}

async function summary(context: CommandContext): Promise<string> {
  const { issue, item, repo } = context
  if (item?.kind === 'epic' && !terminalStates.includes(item.state)) return standingOf(context, item)
  const lines = readRoadmap(issue.body, repo.fullName).lines
  if (lines.length === 0 && !hasParts(context)) return `There is no roadmap here. ${roadmapExample}`
  const count = lines.length + (issue.openParts ?? 0)
  return `This issue names ${count} ${count === 1 ? 'piece' : 'pieces'} of work. ${typed(context, 'roadmap start')} has them worked on.`
}

/** How many parts are how far, and which have nobody. */
async function standingOf(context: CommandContext, epic: ItemRow): Promise<string> {
  const counts = { done: 0, 'being worked on': 0, 'in review': 0, waiting: 0, 'held or left out': 0, 'not queued': 0 }
  const parts = await partsOnce(context, epic)
  const aside: string[] = []
  for (const part of parts) {
    const standing = part.blocker === 'closed' ? 'done' : standingWord(await itemAt(context, part))
    counts[standing]++
    if (standing === 'held or left out' || standing === 'not queued')
      aside.push(issueName(context, { repository: part.repository, number: part.issueNumber }))
  }
  const named = Object.entries(counts).flatMap(([word, count]) => (count > 0 ? [`${count} ${word}`] : []))
  const unmade = linesWithoutIssue(epic)
  const rows = [
    `${parts.length} ${parts.length === 1 ? 'part' : 'parts'}${named.length > 0 ? `: ${named.join(', ')}` : ''}.`,
    unmade > 0 ? `${unmade} more ${unmade === 1 ? 'line is' : 'lines are'} not an issue yet.` : '',
    aside.length > 0
      ? `For people: ${aside.slice(0, 20).join(', ')}${aside.length > 20 ? ` and ${aside.length - 20} more` : ''}.`
      : '',
    epic.epic?.pace ? paceWords(epic.epic.pace) : '',
  ]
  return rows.filter(Boolean).join(' ')
}

async function itemAt({ tx }: CommandContext, part: { repository: string; issueNumber: number }) {
  const repo = await repositoryByName(tx.db, part.repository)
  return repo && itemOfIssue(tx.db, repo.id, part.issueNumber)
}

function standingWord(item: ItemRow | undefined) {
  if (!item) return 'not queued' as const
  if (item.state === 'done') return 'done' as const
  if (activeStates.includes(item.state)) return 'being worked on' as const
  if (['reviewing', 'approved', 'merging'].includes(item.state)) return 'in review' as const
  const isAside = ['held', 'paused', 'skipped', 'cancelled'].includes(item.state)
  return isAside ? ('held or left out' as const) : ('waiting' as const)
}
