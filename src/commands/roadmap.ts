import { z } from 'zod'
import { linesWithoutIssue } from '../db/epics.ts'
import { repositoryByName } from '../db/repositories.ts'
import type { RoadmapMode } from '../db/schema/work-items.ts'
import { type ItemRow, itemOfIssue } from '../db/work-items.ts'
import { activeStates, terminalStates } from '../domain/lifecycle.ts'
import { readRoadmap } from '../domain/roadmap-text.ts'
import { UserError } from '../lib/errors.ts'
import * as messages from '../messages/commands/roadmap.ts'
import { type CommandContext, defineCommand, type Reply, theIssue } from './command.ts'
import { mustBeEpic, partsOnce } from './lib/epic.ts'
import { issueName } from './lib/issue-arguments.ts'

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
  positional: ['what'],
  permission: 'write',
  where: 'issue',
  reads: false,
  async run(context, { what, mode, max }): Promise<Reply> {
    const roadmapMode = modeOf(mode, max)
    if (what === 'import') return importFile(context, roadmapMode)
    if (what === 'start') return start(context, roadmapMode)
    if (roadmapMode) throw new UserError(...messages.modeWithoutStart(context.settings.prefix))
    return { text: await summary(context), outcome: 'done' }
  },
})

function modeOf(mode: RoadmapMode['mode'] | undefined, max: number | undefined): RoadmapMode | undefined {
  if (max !== undefined && mode !== undefined && mode !== 'parallel')
    throw new UserError(...messages.maxWithoutParallel)
  if (mode === undefined && max === undefined) return undefined
  return mode === undefined || mode === 'parallel' ? { mode: 'parallel', max: max ?? 2 } : { mode }
}

async function importFile(context: CommandContext, mode: RoadmapMode | undefined): Promise<Reply> {
  const epic = await mustBeEpic(context, mode ? { pace: mode } : {})
  await context.tx.enqueue({ queue: 'sync-roadmap', workItemId: epic.id, from: 'file', asked: true })
  return { text: messages.importStarted(context.settings.roadmap.file), outcome: 'done' }
}

async function start(context: CommandContext, mode: RoadmapMode | undefined): Promise<Reply> {
  const { item, repo } = context
  const issue = theIssue(context)
  if (item?.kind !== 'epic' && !hasParts(context)) {
    const lines = readRoadmap(issue.body, repo.fullName).lines
    if (lines.length === 0) throw new UserError(...messages.noRoadmapHere)
  }
  // In an issue with sub-issues a checkbox need not be work. In an issue without them, each checkbox is.
  const makes = item?.kind === 'epic' || hasParts(context) ? {} : { makes: true }
  await mustBeEpic(context, { ...makes, ...(mode ? { pace: mode } : {}) })
  return { text: messages.roadmapStarted(context.actor.login, mode), outcome: 'done' }
}

function hasParts({ issue }: CommandContext): boolean {
  return (issue?.openParts ?? 0) > 0
}

async function summary(context: CommandContext): Promise<string> {
  const { item, repo } = context
  const issue = theIssue(context)
  if (item?.kind === 'epic' && !terminalStates.includes(item.state)) return progressOf(context, item)
  const lines = readRoadmap(issue.body, repo.fullName).lines
  if (lines.length === 0 && !hasParts(context)) return messages.noRoadmapSummary
  return messages.notStartedYet(lines.length + (issue.openParts ?? 0), context.settings.prefix)
}

/** How many parts are how far, and which a person must decide about. */
async function progressOf(context: CommandContext, epic: ItemRow): Promise<string> {
  const counts = { done: 0, 'being worked on': 0, 'in review': 0, waiting: 0, 'held or left out': 0, 'not queued': 0 }
  const parts = await partsOnce(context, epic)
  const forPeople: string[] = []
  for (const part of parts) {
    const progress = part.blocker === 'closed' ? 'done' : partProgressOf(await itemAt(context, part))
    counts[progress]++
    if (progress === 'held or left out' || progress === 'not queued')
      forPeople.push(issueName(context, { repository: part.repository, number: part.issueNumber }))
  }
  const pendingLines = linesWithoutIssue(epic)
  return messages.roadmapSummary({ counts, parts: parts.length, pendingLines, forPeople, mode: epic.epic?.pace })
}

async function itemAt({ tx }: CommandContext, part: { repository: string; issueNumber: number }) {
  const repo = await repositoryByName(tx.db, part.repository)
  return repo && itemOfIssue(tx.db, repo.id, part.issueNumber)
}

function partProgressOf(item: ItemRow | undefined): messages.PartProgress {
  if (!item) return 'not queued'
  if (item.state === 'done') return 'done'
  if (activeStates.includes(item.state)) return 'being worked on'
  if (['reviewing', 'approved', 'merging'].includes(item.state)) return 'in review'
  return ['held', 'paused', 'skipped', 'cancelled'].includes(item.state) ? 'held or left out' : 'waiting'
}
