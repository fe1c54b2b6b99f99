/**
 * The file of a backup: lines of JSON, compressed with gzip. The first line says what it is, then come the tables, each
 * with its rows, and the last line holds the digest of all lines before it. Any other tool can read it: `zcat`, `jq`.
 */

import { createHash, type Hash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import type { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { z } from 'zod'
import { OperatorError, rootMessage } from '../../lib/errors.ts'

/** Another number: a program that knows this one cannot read the file. */
export const backupFormat = 1

/** What a backup says about itself. */
export const backupHeader = z.object({
  backup: z.literal('tutti'),
  format: z.number(),
  /** The version of the program that made it. */
  version: z.string(),
  /** How many migrations the database had, and the name of the last. */
  migrations: z.number(),
  migration: z.string(),
  /** ISO 8601. */
  createdAt: z.string(),
})
export type BackupHeader = z.infer<typeof backupHeader>

const tableLine = z.object({ table: z.string(), columns: z.array(z.string()).min(1) })
const endLine = z.object({ end: z.literal(true), rows: z.number(), sha256: z.string() })

/** What a reader meets, in the order of the file. A row is JSON text, since a number in it may be larger than ours are. */
export type BackupPart =
  | { kind: 'header'; header: BackupHeader }
  | { kind: 'table'; table: string; columns: string[] }
  | { kind: 'row'; row: string }
  | { kind: 'end'; rows: number }

/** The digest that the last line holds. */
export function backupDigest(): Hash {
  return createHash('sha256')
}

/**
 * Reads a backup. What was read is true only once the `end` has come: it is checked against the digest.
 * @throws {OperatorError} when the file is none, is cut off, or was changed.
 */
export async function* readBackup(path: string): AsyncGenerator<BackupPart> {
  const source = createReadStream(path)
  const unpacked = createGunzip()
  source.on('error', (error) => unpacked.destroy(error))
  const digest = backupDigest()
  let state: 'header' | 'tables' | 'ended' = 'header'
  let rows = 0
  try {
    for await (const line of linesOf(source.pipe(unpacked))) {
      if (state === 'ended') throw broken(path, 'something follows its end')
      const part = partOf(line, state === 'header')
      if (part.kind === 'end') {
        if (part.sha256 !== digest.digest('hex') || part.rows !== rows) throw broken(path, 'its digest does not fit')
        state = 'ended'
        yield { kind: 'end', rows }
        continue
      }
      digest.update(`${line}\n`)
      rows += part.kind === 'row' ? 1 : 0
      state = 'tables'
      yield part
    }
  } catch (error) {
    throw error instanceof OperatorError ? error : broken(path, rootMessage(error))
  } finally {
    source.destroy()
  }
  if (state !== 'ended') throw broken(path, 'it is cut off')
}

/** Node's own readline also splits at U+2028, which may stand in JSON. */
async function* linesOf(stream: Readable): AsyncGenerator<string> {
  let rest: Buffer[] = []
  for await (const chunk of stream as AsyncIterable<Buffer>) {
    let from = 0
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      yield Buffer.concat([...rest, chunk.subarray(from, at)]).toString('utf8')
      rest = []
      from = at + 1
    }
    if (from < chunk.length) rest.push(chunk.subarray(from))
  }
  if (rest.length > 0) yield Buffer.concat(rest).toString('utf8')
}

type ReadPart = Exclude<BackupPart, { kind: 'end' }> | { kind: 'end'; rows: number; sha256: string }

function partOf(line: string, first: boolean): ReadPart {
  if (first) return { kind: 'header', header: backupHeader.parse(JSON.parse(line)) }
  // Rows are by far the most, and are not read here.
  if (line.startsWith('[')) return { kind: 'row', row: line.slice(1, -1) }
  const parsed: unknown = JSON.parse(line)
  const end = endLine.safeParse(parsed)
  return end.success ? { kind: 'end', ...end.data } : { kind: 'table', ...tableLine.parse(parsed) }
}

function broken(path: string, why: string): OperatorError {
  return new OperatorError(
    `${path} is no whole backup of Tutti: ${why}`,
    'Take another copy of it. Nothing was changed.',
  )
}
