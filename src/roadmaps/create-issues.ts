/** Lines of a roadmap that are pieces of work in words: each becomes an issue, once. */

import type { Database, Tx } from '../db/connect.ts'
import { type EffectRow, effectsOf, enqueueEffect } from '../db/outbox.ts'
import type { RepositoryRow } from '../db/repositories.ts'
import type { ItemRow } from '../db/work-items.ts'
import type { EffectOf } from '../domain/effects.ts'
import type { RoadmapLine } from '../domain/roadmap-text.ts'
import * as messages from '../messages/roadmap-parts.ts'

/** A text that lines stand in: the issue itself, or a file of the repository. */
export interface LineSource {
  source: 'task-list' | 'roadmap'
  /** The file's path; null for the issue. */
  file: string | null
  lines: readonly RoadmapLine[]
}

/** How the lines of a text stand. */
export interface CreatedLines {
  /** The issues that lines have become, by the digest of the line. */
  made: Map<string, number>
  /** Lines that were not known before. */
  fresh: number
  /** Lines that are issues, name one, or are on their way to be one. */
  known: number
  checked: number
  /** Lines that wait for each other, and never become issues as they stand. */
  stuck: number
  /** Lines that are not issues yet. */
  unmade: number
  /** When more of them may be made. */
  more: Date | undefined
  notes: string[]
}

/** An issue and its link are two writes; GitHub takes 500 an hour, and others need some of them. */
const windowMs = 5 * 60_000
const mostInWindow = 15
/** More lines than this are a mistake more often than a plan. */
const mostLines = 1_000

const prefix = 'create:roadmap:'

/** One file has one issue for each line, whichever issue it is imported on; lines of an issue are that issue's own. */
function keyOf(of: LineSource, epic: ItemRow, repo: RepositoryRow, digest: string): string {
  return of.file === null ? `${prefix}${epic.id}:${digest}` : `${prefix}file:${repo.id}:${of.file}:${digest}`
}

/** The numbers of the issues that lines were made, by the digest of the line. */
export async function createdLineIssues(
  db: Database,
  epic: ItemRow,
  repo: RepositoryRow,
  of: LineSource,
): Promise<Map<string, number>> {
  const keys = new Map(of.lines.map((line) => [keyOf(of, epic, repo, line.digest), line.digest]))
  const made = new Map<string, number>()
  for (const { key, result } of await effectsOf(db, [...keys.keys()])) {
    const digest = keys.get(key)
    if (digest && typeof result?.number === 'number') made.set(digest, result.number)
  }
  return made
}

/**
 * Wants the issues that may be made now.
 * @param anew whether a person asks: what failed is tried again.
 */
export async function createIssues(
  tx: Tx,
  { epic, repo, of, anew }: { epic: ItemRow; repo: RepositoryRow; of: LineSource; anew: boolean },
): Promise<CreatedLines> {
  const words = of.lines.filter((line) => !line.issue)
  const open = words.filter((line) => !line.checked)
  const keys = new Map(words.map((line) => [line.digest, keyOf(of, epic, repo, line.digest)]))
  const effects = new Map((await effectsOf(tx.db, [...keys.values()])).map((row) => [row.key, row]))
  const rowOf = (line: RoadmapLine) => effects.get(keys.get(line.digest) ?? '')
  const result = counted(of.lines, rowOf)
  if (anew) for (const row of failedOf(open, rowOf)) await wantAgain(tx, row)
  const waiting = open.filter((line) => !rowOf(line)).slice(0, Math.max(0, mostLines - effects.size))
  const byDigest = new Map(of.lines.map((line) => [line.digest, line]))
  const ready = waiting.filter((line) => line.linesBefore.every((digest) => isThere(byDigest.get(digest), result.made)))
  const recent = [...effects.values()].filter((row) => row.createdAt.getTime() > Date.now() - windowMs)
  const now = ready.slice(0, Math.max(0, mostInWindow - recent.length))
  for (const line of now) {
    const target = { repositoryId: repo.id, workItemId: epic.id, key: keys.get(line.digest) ?? '' }
    await enqueueEffect(tx, target, { kind: 'create-issue', payload: payloadOf(of, epic, repo, line, result.made) })
  }
  const left = ready.length - now.length
  const oldest = Math.min(Date.now(), ...recent.map((row) => row.createdAt.getTime()))
  const tooMany = open.length - mostLines
  const stuck = stuckOf(waiting)
  return {
    ...result,
    fresh: result.fresh - stuck.length,
    stuck: stuck.length,
    unmade: open.filter((line) => !result.made.has(line.digest)).length,
    more: left > 0 ? new Date(oldest + windowMs) : undefined,
    notes: [
      ...(anew ? [] : failedOf(open, rowOf).map((row) => messages.notMade(titleOf(row), row.error ?? ''))),
      ...(tooMany > 0 ? [messages.tooManyLines(mostLines, tooMany)] : []),
      ...(left > 0 ? [messages.stillMaking(left)] : []),
      ...circleIn(stuck),
    ],
  }
}

type RowOf = (line: RoadmapLine) => EffectRow | undefined

function counted(lines: readonly RoadmapLine[], rowOf: RowOf) {
  const made = new Map<string, number>()
  for (const line of lines) {
    const number = rowOf(line)?.result?.number
    if (typeof number === 'number') made.set(line.digest, number)
  }
  const isKnown = (line: RoadmapLine) => line.issue !== null || rowOf(line) !== undefined
  return {
    made,
    known: lines.filter(isKnown).length,
    checked: lines.filter((line) => line.checked && !isKnown(line)).length,
    fresh: lines.filter((line) => !line.checked && !isKnown(line)).length,
  }
}

/** Whether a line that another depends on is an issue by now, or needs not become one. */
function isThere(line: RoadmapLine | undefined, made: ReadonlyMap<string, number>): boolean {
  return line === undefined || line.checked || line.issue !== null || made.has(line.digest)
}

function payloadOf(
  of: LineSource,
  epic: ItemRow,
  repo: RepositoryRow,
  line: RoadmapLine,
  made: ReadonlyMap<string, number>,
): EffectOf<'create-issue'>['payload'] {
  const issues = line.issuesBefore.map((issue) => messages.issueNameIn(repo.fullName, issue))
  const lines = line.linesBefore.flatMap((digest) => made.get(digest) ?? []).map((number) => `#${number}`)
  return {
    origin: 'roadmap-line',
    title: line.title,
    body: messages.partBody({
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

async function wantAgain(tx: Tx, row: EffectRow): Promise<void> {
  const target = { repositoryId: row.repositoryId, workItemId: row.workItemId ?? undefined, key: row.key }
  const payload = row.payload as EffectOf<'create-issue'>['payload']
  await enqueueEffect(tx, target, { kind: 'create-issue', payload }, { again: true })
}

function titleOf(row: EffectRow): string {
  return String(row.payload.title ?? '')
}

/** The lines that can never become issues as they stand: on a circle, or waiting for one that is. */
function stuckOf(waiting: readonly RoadmapLine[]): RoadmapLine[] {
  let stuck = [...waiting]
  for (let before = -1; before !== stuck.length; ) {
    before = stuck.length
    const left = new Set(stuck.map((line) => line.digest))
    stuck = stuck.filter((line) => line.linesBefore.some((digest) => left.has(digest)))
  }
  return stuck
}

/** One of the circles. Each stuck line waits for another stuck one, so the way back leads into one. */
function circleIn(stuck: readonly RoadmapLine[]): string[] {
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
