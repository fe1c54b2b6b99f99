/** What gives an agent a reason to propose work: findings of gates, learnings, and lines of roadmaps without an issue. */

import type { Settings } from '../config/settings.ts'
import type { Database } from '../db/connect.ts'
import { openRoadmaps } from '../db/epics.ts'
import { memoriesOf } from '../db/memories.ts'
import { proposalsOf } from '../db/proposals.ts'
import { refusedByGates } from '../db/pull-requests.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { BaseBranchReader } from '../db/repository-settings.ts'
import { type ItemRow, unfinishedItemsOf } from '../db/work-items.ts'
import { type RoadmapLine, readRoadmap } from '../domain/roadmap-text.ts'
import { currentMs } from '../lib/clock.ts'
import type { Sha } from '../lib/ids.ts'
import { truncate } from '../lib/sanitise-text.ts'
import { createdLineIssues } from '../roadmaps/create-issues.ts'

/** See `readProposalFacts`; one line each. */
export interface ProposalFacts {
  gaps: string[]
  refused: string[]
  learned: string[]
  open: string[]
  adopted: string[]
}

/** How far back findings of gates are read, in milliseconds. */
const findingsMs = 90 * 24 * 3_600_000
/** Of each list; the budget of the prompt cuts further. */
const mostRefused = 60
const mostLearned = 80
const mostOpen = 200
const mostGaps = 200
/** A larger file of a roadmap is not read. */
const largestFile = 1_000_000

/** Reads what there is now. @param at the head of the base branch. */
export async function readProposalFacts(
  db: Database,
  {
    repo,
    item,
    settings,
    control,
    at,
  }: {
    repo: RepositoryRow
    item: ItemRow
    settings: Settings
    control: BaseBranchReader
    at: Sha
  },
): Promise<ProposalFacts> {
  const since = new Date(currentMs() - findingsMs)
  const refused = await refusedByGates(db, repo.id, { since, limit: mostRefused })
  const learned = (await memoriesOf(db, repo.id)).slice(0, mostLearned)
  const open = (await unfinishedItemsOf(db, repo.id)).slice(0, mostOpen)
  const adopted = (await proposalsOf(db, item.id)).filter(({ state }) => state === 'adopted')
  return {
    gaps: await gapsIn(db, { repo, item, settings, control, at }),
    refused: refused.map(
      (one) => `\`${one.gate}\` on #${one.issueNumber} (${one.title}): ${truncate(one.summary, 300)}`,
    ),
    learned: learned.map(
      ({ domain, kind, source, text }) => `${domain}, ${kind}, said by ${source}: ${truncate(text, 500)}`,
    ),
    open: open.map(
      ({ issueNumber, title, kind }) => `#${issueNumber} ${title}${kind === 'epic' ? ' (a roadmap)' : ''}`,
    ),
    adopted: adopted.map(
      ({ title, issueNumber }) => `${title}${issueNumber === null ? '' : `, which is #${issueNumber}`}`,
    ),
  }
}

/** Lines of all roadmaps under way and of the roadmap file that name no issue and have become none. */
async function gapsIn(
  db: Database,
  { repo, item, settings, control, at }: Parameters<typeof readProposalFacts>[1],
): Promise<string[]> {
  const found: string[] = []
  const add = async (epic: ItemRow, file: string | null, text: string) => {
    const { lines } = readRoadmap(text, repo.fullName)
    const created = await createdLineIssues(db, epic, repo, {
      source: file === null ? 'task-list' : 'roadmap',
      file,
      lines,
    })
    const open = lines.filter(({ checked, issue, digest }) => !checked && !issue && !created.has(digest))
    found.push(...open.map((line) => gap(file ?? `#${epic.issueNumber}`, line)))
  }
  for (const epic of await openRoadmaps(db, repo.id)) await add(epic, null, epic.body)
  const { file } = settings.roadmap
  const text = await control.readFile(at, file)
  if (text !== undefined && text.length <= largestFile) await add(item, file, text)
  return found.slice(0, mostGaps)
}

function gap(place: string, { heading, title }: RoadmapLine): string {
  return `${place}${heading ? `, ${heading}` : ''}: ${title}`
}
