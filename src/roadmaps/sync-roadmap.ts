/** Brings a roadmap up to date: reads its parts, queues them, requests issues for its lines, and stores its edges. */

import { eq } from 'drizzle-orm'
import { z } from 'zod'
import { announcePhase, lastPhases } from '../db/announcements.ts'
import type { Store, Tx } from '../db/connect.ts'
import { defineJob } from '../db/define-job.ts'
import type { DependencyRow } from '../db/dependencies.ts'
import { type EpicPart, type PartSource, partsOf, setParts } from '../db/epics.ts'
import { issuesBeingCreated } from '../db/outbox.ts'
import { getRepository, type RepositoryRow } from '../db/repositories.ts'
import { BaseBranchDeleted, type BaseBranchReader, refreshSettings, settingsOf } from '../db/repository-settings.ts'
import { workItems } from '../db/schema/work-items.ts'
import { replyOnItem, requestStatusComment } from '../db/status-comment.ts'
import { getItem, type ItemRow, lockItem } from '../db/work-items.ts'
import type { PlacedIssue } from '../domain/github.ts'
import { terminalStates } from '../domain/lifecycle.ts'
import { phaseKey } from '../domain/phases.ts'
import { type RoadmapContent, readRoadmap } from '../domain/roadmap-text.ts'
import type { GitHub } from '../github/github.ts'
import { issueKey, type NamedIssue, type ResolvedIssue, resolveIssues } from '../github/resolve-issues.ts'
import { baseBranchMissing } from '../messages/repositories.ts'
import * as messages from '../messages/roadmaps.ts'
import { holdItem } from '../work-items/dead-letter.ts'
import { type CreatedLines, createdLineIssues, createIssues, type LineSource } from './create-issues.ts'
import { issuesBefore, saveLineDependencies } from './line-dependencies.ts'
import { queueParts, releaseParts, writePermissionOf } from './queue-parts.ts'
import { unlinkSubIssue } from './sub-issue-links.ts'
import { refuseUnreported } from './unreported-sub-issues.ts'

export interface RoadmapServices {
  store: Store
  github: GitHub
  control(repo: RepositoryRow): Promise<BaseBranchReader>
}

/** Handler of the `sync-roadmap` queue. A second time changes nothing. */
export async function syncRoadmap(
  services: RoadmapServices,
  job: { workItemId: number; from: 'issue' | 'file'; asked?: boolean },
): Promise<void> {
  const { db } = services.store
  const epic = await getItem(db, job.workItemId)
  const repo = epic && (await getRepository(db, epic.repositoryId))
  if (epic?.kind !== 'epic' || !repo || repo.state === 'gone') return
  const before = await partsOf(db, epic.id)
  if (epic.state === 'cancelled' || epic.state === 'skipped') {
    return releaseParts(services.store, epic, repo.fullName.toLowerCase(), before)
  }
  if (terminalStates.includes(epic.state)) return
  const text = job.from === 'file' ? await fileOf(services, repo) : issueOf(epic, repo)
  if ('reply' in text) return reply(services.store, epic, text.reply)
  await sync(services, { epic, repo, before, text, asked: job.asked ?? false })
}

/** A part as one source names it. */
interface NamedPart extends NamedIssue {
  source: PartSource
  heading: string
  position: number
  checked: boolean
}

/** The text of a roadmap. */
interface ReadText {
  roadmap: RoadmapContent
  /** Null for the issue. */
  file: string | null
  /** Whether its lines become issues. */
  createsIssues: boolean
}

function issueOf(epic: ItemRow, repo: RepositoryRow): ReadText {
  const label = settingsOf(repo).roadmap.label.toLowerCase()
  const createsIssues = epic.epic?.makes === true || epic.labels.some((one) => one.toLowerCase() === label)
  return { roadmap: readRoadmap(epic.body, repo.fullName), file: null, createsIssues }
}

/** A megabyte is the largest file that GitHub shows as text. */
const largestFile = 1_000_000

async function fileOf(services: RoadmapServices, repo: RepositoryRow): Promise<ReadText | { reply: string }> {
  const control = await services.control(repo)
  try {
    const { settings, baseBranch, base } = await refreshSettings(services.store, repo, control)
    const { file } = settings.roadmap
    const text = await control.readFile(base, file)
    if (text === undefined) return { reply: messages.roadmapFileMissing(file, baseBranch) }
    if (text.length > largestFile) return { reply: messages.roadmapFileTooLarge(file) }
    return { roadmap: readRoadmap(text, repo.fullName), file, createsIssues: true }
  } catch (error) {
    if (!(error instanceof BaseBranchDeleted)) throw error
    return { reply: baseBranchMissing(error.message, '/roadmap import') }
  }
}

/** One reading of a roadmap. */
interface Reading {
  epic: ItemRow
  repo: RepositoryRow
  before: readonly DependencyRow[]
  text: ReadText
  /** Whether a person waits for the result. */
  asked: boolean
}

function linesOf({ text }: Reading): LineSource {
  return { source: text.file === null ? 'task-list' : 'roadmap', file: text.file, lines: text.roadmap.lines }
}

async function sync(services: RoadmapServices, reading: Reading): Promise<void> {
  const { epic, repo } = reading
  const here = repo.fullName.toLowerCase()
  const native = await services.github.repository(repo).subIssues(epic.issueNumber)
  const created = await createdLineIssues(services.store.db, epic, repo, linesOf(reading))
  const all = [
    ...(native ?? []).map(subIssue),
    ...namedInText(reading, here, created),
    ...kept(reading, native !== undefined),
  ]
  const named = all.filter((one) => issueKey(one) !== `${here}#${epic.issueNumber}`)
  const unreported = unreportedIn(reading, named)
  if (unreported.length > 0) await refuseUnreported(services, reading, unreported)
  const before = linesOf(reading).lines.flatMap((line) => (line.issue ? issuesBefore(line, created, here) : []))
  const known = await resolveIssues(services, repo, named)
  const waitedFor = before.length > 0 ? await resolveIssues(services, repo, before) : known
  const mayWrite = writePermissionOf(services, epic)
  const notes = await queueParts({ store: services.store, mayWrite }, epic, [...known.values()], here)
  if (named.length < all.length) notes.unshift(messages.roadmapNamesItself)
  const linesLeft = reading.text.createsIssues && hasLinesLeft(reading, created)
  const mayCreate = linesLeft && (await mayWrite(repo))
  if (linesLeft && !mayCreate) notes.push(messages.requesterMayNotCreateIssues(epic.requestedBy))
  const createsIssues = reading.text.createsIssues && (mayCreate || !linesLeft)
  const found = { native: native !== undefined, named, known, waitedFor, notes, createsIssues }
  await services.store.transaction((tx) => save(tx, reading, found))
}

/** Whether a line is left that is not an issue yet. */
function hasLinesLeft({ text }: Reading, created: ReadonlyMap<string, number>): boolean {
  return text.roadmap.lines.some((line) => !line.issue && !line.checked && !created.has(line.digest))
}

function subIssue(issue: PlacedIssue, position: number): NamedPart {
  const { repository, number, state } = issue
  return { repository, number, source: 'sub-issue', heading: '', position, checked: state === 'closed', issue }
}

/** The issues that lines name, and those that lines have become. */
function namedInText(reading: Reading, here: string, created: ReadonlyMap<string, number>): NamedPart[] {
  const { source, lines } = linesOf(reading)
  return lines.flatMap(({ issue, heading, line, checked, digest }) => {
    const number = created.get(digest)
    const address = issue ?? (number === undefined ? undefined : { repository: here, number })
    return address ? [{ ...address, source, heading, position: line, checked } satisfies NamedPart] : []
  })
}

/** The parts whose source is not read this time. They stay, and those that were given up are queued again. */
function kept(reading: Reading, native: boolean): NamedPart[] {
  const isRead = [linesOf(reading).source, ...(native ? ['sub-issue'] : [])]
  return reading.before.flatMap(({ source, repository, issueNumber: number, heading, position, blocker }) =>
    isRead.includes(source)
      ? []
      : [{ repository, number, source: source as PartSource, heading, position, checked: blocker === 'closed' }],
  )
}

/** Sub-issues that the first reading did not see, that had no event, and that no text names. */
function unreportedIn({ epic, before }: Reading, named: readonly NamedPart[]): NamedPart[] {
  if (!epic.epic?.read) return []
  const stored = new Set(before.map((edge) => `${edge.repository}#${edge.issueNumber}`))
  const inText = new Set(named.filter((one) => one.source !== 'sub-issue').map(issueKey))
  return named.filter((one) => one.source === 'sub-issue' && !stored.has(issueKey(one)) && !inText.has(issueKey(one)))
}

/** What a reading has found. */
interface Found {
  /** Whether the server has sub-issues. */
  native: boolean
  named: readonly NamedPart[]
  known: ReadonlyMap<string, ResolvedIssue>
  /** The issues that named issues depend on, by their lines. */
  waitedFor: ReadonlyMap<string, ResolvedIssue>
  notes: string[]
  /** Whether lines may become issues. */
  createsIssues: boolean
}

async function save(tx: Tx, reading: Reading, found: Found): Promise<void> {
  const { epic, repo, text } = reading
  const current = await lockItem(tx, epic.id)
  if (!current || terminalStates.includes(current.state)) return
  const of = linesOf(reading)
  const retryFailed = !epic.epic?.read || reading.asked
  const lines = found.createsIssues ? await createIssues(tx, { epic, repo, of, retryFailed }) : undefined
  // An issue that was created since the reading is a part already.
  const here = repo.fullName.toLowerCase()
  const created = namedInText(reading, here, lines?.created ?? new Map())
  const seen = new Set(found.named.filter((one) => one.source === of.source).map(issueKey))
  await saveEdges(tx, reading, {
    ...found,
    named: [...found.named, ...created.filter((one) => !seen.has(issueKey(one)))],
  })
  await saveLineDependencies(tx, { epic, of, here, created: lines?.created ?? new Map(), known: found.waitedFor })
  const underWay = await issuesBeingCreated(tx.db, epic.id)
  const nothing = found.named.length === 0 && of.lines.length === 0 && underWay === 0
  const pending =
    lines?.pending ?? (text.createsIssues ? of.lines.filter((line) => !line.issue && !line.checked).length : 0)
  const textFacts = { notes: [...badLines(text), ...(lines?.notes ?? [])], unmade: pending }
  const importReply =
    reading.asked && text.file !== null && lines ? { reply: replyOf(text.file, lines, text.roadmap) } : {}
  const facts = {
    ...current.epic,
    notes: nothing ? [messages.emptyRoadmap] : found.notes,
    read: true,
    texts: { ...current.epic?.texts, [of.source]: textFacts },
  }
  await tx.db
    .update(workItems)
    .set({ epic: facts, ...importReply })
    .where(eq(workItems.id, epic.id))
  if (!current.epic?.read && !nothing) await announceParts(tx, current, found.named.length + underWay)
  const again = { queue: 'sync-roadmap', workItemId: epic.id, from: text.file === null ? 'issue' : 'file' } as const
  if (lines?.more) await tx.enqueue(again, { after: lines.more })
  await requestStatusComment(tx, current, reading.asked ? 'now' : 'soon', { asked: reading.asked })
  await tx.enqueue({ queue: 'schedule' })
}

/** A goal is interpreted once its parts are known; not again while the roadmap is under way. */
async function announceParts(tx: Tx, epic: ItemRow, items: number): Promise<void> {
  const last = (await lastPhases(tx.db, [epic.id])).get(epic.id)
  if (last !== undefined && last !== phaseKey({ phase: 6, state: 'Complete' })) return
  await announcePhase(tx, epic, { phase: 1, state: 'Complete', count: { items } })
}

async function saveEdges(tx: Tx, reading: Reading, { native, named, known }: Found): Promise<void> {
  const { epic, before } = reading
  const { source } = linesOf(reading)
  const parts = named.filter((one) => !known.get(issueKey(one))?.issue?.isPullRequest)
  for (const one of native ? [source, 'sub-issue' as const] : [source]) {
    const edges = parts.filter((part) => part.source === one).map((part) => edgeOf(part, known))
    await setParts(tx, epic.id, one, edges)
  }
  const left = new Set(parts.map(issueKey))
  const gone = before.filter((edge) => edge.source === source && !left.has(`${edge.repository}#${edge.issueNumber}`))
  for (const { repository, issueNumber } of gone) await unlinkSubIssue(tx, epic, { repository, number: issueNumber })
}

function edgeOf(part: NamedPart, known: ReadonlyMap<string, ResolvedIssue>): EpicPart {
  const { repository, number: issueNumber, position, heading, checked } = part
  const state = known.get(issueKey(part))?.state ?? 'open'
  return { repository, issueNumber, position, heading, blocker: checked ? 'closed' : state }
}

/** The status comment names so many lines, and counts the rest. */
const mostBadLines = 10

function badLines({ roadmap: { problems }, file }: ReadText): string[] {
  const more = problems.length - mostBadLines
  const named = problems.slice(0, mostBadLines).map(({ line, why }) => messages.badLine(file, line, why))
  return more > 0 ? [...named, messages.moreBadLines(more)] : named
}

function replyOf(file: string, { fresh, known, checked, stuck }: CreatedLines, { problems }: RoadmapContent): string {
  return messages.roadmapImported({ file, fresh, known, checked, stuck, bad: problems.length })
}

async function reply(store: Store, epic: ItemRow, text: string): Promise<void> {
  await store.transaction((tx) => replyOnItem(tx, epic, text, { asked: true }))
}

export const syncRoadmapJob = defineJob(
  {
    queue: 'sync-roadmap',
    payload: z.object({ workItemId: z.number().int(), from: z.enum(['issue', 'file']), asked: z.boolean().optional() }),
    batch: 1,
    onFinalFailure: holdItem,
  },
  syncRoadmap,
)
