/** Lines of a roadmap that describe work: each becomes an issue, once. */

import type { Database, Tx } from '../db/connect.ts'
import { type EffectRow, effectsOf, enqueueEffect } from '../db/outbox.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import type { RoadmapLine } from '../domain/roadmap-text.ts'
import { currentMs } from '../lib/clock.ts'
import * as messages from '../messages/roadmaps.ts'

/** The text with the lines: the issue itself, or a file of the repository. */
export interface LineSource {
  source: 'task-list' | 'roadmap'
  /** The file's path; null for the issue. */
  file: string | null
  lines: readonly RoadmapLine[]
}

/** The lines of a text by their progress. */
export interface CreatedLines {
  /** The issues that lines have become, by the digest of the line. */
  created: Map<string, number>
  /** Lines that were not known before. */
  fresh: number
  /** Lines that are issues, name one, or have requested one. */
  known: number
  checked: number
  /** Lines that wait for each other in a cycle: without an edit they never become issues. */
  stuck: number
  /** Lines that are not issues yet. */
  pending: number
  /** When more of them may be requested. */
  more: Date | undefined
  notes: string[]
}

/** An issue and its link are two writes. GitHub takes 500 an hour, and other effects need some of them. */
const windowMs = 5 * 60_000
const mostInWindow = 15
/** More lines than this are probably a mistake. */
const mostLines = 1_000

const prefix = 'create:roadmap:'

/** A line of a file has one issue, whichever epic imports the file. A line of an issue belongs to that issue alone. */
function keyOf(of: LineSource, epic: ItemRow, repo: RepositoryRow, digest: string): string {
  return of.file === null ? `${prefix}${epic.id}:${digest}` : `${prefix}file:${repo.id}:${of.file}:${digest}`
}

/** The numbers of the issues that lines have become, by the digest of the line. */
export async function createdLineIssues(
  db: Database,
  epic: ItemRow,
  repo: RepositoryRow,
  of: LineSource,
): Promise<Map<string, number>> {
  const keys = new Map(of.lines.map((line) => [keyOf(of, epic, repo, line.digest), line.digest]))
  const created = new Map<string, number>()
  for (const { key, result } of await effectsOf(db, [...keys.keys()])) {
    const digest = keys.get(key)
    if (digest && typeof result?.number === 'number') created.set(digest, result.number)
  }
  return created
}

/**
 * Requests the issues that may be created now.
 * @param request.retryFailed whether a person asks: requests that failed are tried again.
 */
export async function createIssues(
  tx: Tx,
  { epic, repo, of, retryFailed }: { epic: ItemRow; repo: RepositoryRow; of: LineSource; retryFailed: boolean },
): Promise<CreatedLines> {
  const described = of.lines.filter((line) => !line.issue)
  const open = described.filter((line) => !line.checked)
  const keys = new Map(described.map((line) => [line.digest, keyOf(of, epic, repo, line.digest)]))
  const effects = new Map((await effectsOf(tx.db, [...keys.values()])).map((row) => [row.key, row]))
  const rowOf = (line: RoadmapLine) => effects.get(keys.get(line.digest) ?? '')
  const result = counted(of.lines, rowOf)
  if (retryFailed) for (const row of failedOf(open, rowOf)) await requestAgain(tx, row)
  const waiting = open.filter((line) => !rowOf(line)).slice(0, Math.max(0, mostLines - effects.size))
  const byDigest = new Map(of.lines.map((line) => [line.digest, line]))
  const ready = waiting.filter((line) =>
    line.linesBefore.every((digest) => needsNoWait(byDigest.get(digest), result.created)),
  )
  const recent = [...effects.values()].filter((row) => row.createdAt.getTime() > currentMs() - windowMs)
  const now = ready.slice(0, Math.max(0, mostInWindow - recent.length))
  for (const line of now) {
    const target = { repositoryId: repo.id, workItemId: epic.id, key: keys.get(line.digest) ?? '' }
    await enqueueEffect(tx, target, {
      kind: 'create-issue',
      payload: payloadOf({ of, epic, repo }, line, result.created),
    })
  }
  const left = ready.length - now.length
  const oldest = Math.min(currentMs(), ...recent.map((row) => row.createdAt.getTime()))
  const tooMany = open.length - mostLines
  const stuck = stuckOf(waiting)
  return {
    ...result,
    fresh: result.fresh - stuck.length,
    stuck: stuck.length,
    pending: open.filter((line) => !result.created.has(line.digest)).length,
    more: left > 0 ? new Date(oldest + windowMs) : undefined,
    notes: [
      ...(retryFailed ? [] : failedOf(open, rowOf)).map((row) =>
        messages.lineIssueNotCreated(titleOf(row), row.error ?? ''),
      ),
      ...(tooMany > 0 ? [messages.tooManyLines(mostLines, tooMany)] : []),
      ...(left > 0 ? [messages.linesWaiting(left)] : []),
      ...cycleIn(stuck),
    ],
  }
}

type RowOf = (line: RoadmapLine) => EffectRow | undefined

function counted(lines: readonly RoadmapLine[], rowOf: RowOf) {
  const created = new Map<string, number>()
  for (const line of lines) {
    const number = rowOf(line)?.result?.number
    if (typeof number === 'number') created.set(line.digest, number)
  }
  const isKnown = (line: RoadmapLine) => line.issue !== null || rowOf(line) !== undefined
  return {
    created,
    known: lines.filter(isKnown).length,
    checked: lines.filter((line) => line.checked && !isKnown(line)).length,
    fresh: lines.filter((line) => !line.checked && !isKnown(line)).length,
  }
}

/** Whether another line need not wait for this one: it is an issue by now, or does not become one. */
function needsNoWait(line: RoadmapLine | undefined, created: ReadonlyMap<string, number>): boolean {
  return line === undefined || line.checked || line.issue !== null || created.has(line.digest)
}

function payloadOf(
  { of, epic, repo }: { of: LineSource; epic: ItemRow; repo: RepositoryRow },
  line: RoadmapLine,
  created: ReadonlyMap<string, number>,
): EffectOf<'create-issue'>['payload'] {
  const issues = line.issuesBefore.map((issue) => messages.issueNameIn(repo.fullName, issue))
  const lines = line.linesBefore.flatMap((digest) => created.get(digest) ?? []).map((number) => `#${number}`)
  return {
    origin: 'roadmap-line',
    title: line.title,
    body: messages.lineIssueBody({
      epic: epic.issueNumber,
      heading: line.heading,
      file: of.file,
      text: line.text,
      waitsFor: [...issues, ...lines],
    }),
    labels: line.labels,
    part: { source: of.source, position: line.line, heading: line.heading },
  }
}

function failedOf(lines: readonly RoadmapLine[], rowOf: RowOf): EffectRow[] {
  return lines.flatMap((line) => rowOf(line) ?? []).filter((row) => row.state === 'failed')
}

async function requestAgain(tx: Tx, row: EffectRow): Promise<void> {
  const target = { repositoryId: row.repositoryId, workItemId: row.workItemId ?? undefined, key: row.key }
  const payload = row.payload as EffectOf<'create-issue'>['payload']
  await enqueueEffect(tx, target, { kind: 'create-issue', payload }, { again: true })
}

function titleOf(row: EffectRow): string {
  return String(row.payload.title ?? '')
}

/** The lines that cannot become issues without an edit: they are on a cycle, or wait for one that is. */
function stuckOf(waiting: readonly RoadmapLine[]): RoadmapLine[] {
  let stuck = [...waiting]
  for (let before = -1; before !== stuck.length; ) {
    before = stuck.length
    const left = new Set(stuck.map((line) => line.digest))
    stuck = stuck.filter((line) => line.linesBefore.some((digest) => left.has(digest)))
  }
  return stuck
}

/** One of the cycles. Each stuck line waits for another stuck one, so following them ends in a cycle. */
function cycleIn(stuck: readonly RoadmapLine[]): string[] {
  const byDigest = new Map(stuck.map((line) => [line.digest, line]))
  const path: RoadmapLine[] = []
  let line = stuck[0]
  while (line && !path.includes(line)) {
    path.push(line)
    line = line.linesBefore.flatMap((digest) => byDigest.get(digest) ?? [])[0]
  }
  if (!line) return []
  return [messages.lineCycle([...path.slice(path.indexOf(line)), line].map((one) => one.title))]
}
