/** Files that `tutti audit archive` has written: read again, and followed as the log itself is. */

import { createReadStream, existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { createGunzip } from 'node:zlib'
import { ArchivedChain, type ArchiveRecord, type AuditRow, archivesNamed } from '../../db/audit-archive.ts'
import type { Database } from '../../db/connect.ts'
import { rootMessage } from '../../lib/errors.ts'

/** What became of one part of the log that was moved into a file. */
export interface ArchiveCheck {
  /** The file that was read, else the one that the log names. */
  archive: string
  /** How many entries it holds, by the word of the log. */
  entries: number
  read: boolean
  /** What is wrong with it, in words. */
  broken?: string
}

/** What a file holds, by repository; or why it cannot be read. */
type ArchiveFile = { chains: ReadonlyMap<number, ArchivedChain> } | { error: string }

/**
 * Proves every archive that the log names, and those that archives name.
 * @param given absolute paths of files that exist; archives are looked for in them, and where they were written.
 */
export async function checkArchives(db: Database, given: readonly string[]): Promise<ArchiveCheck[]> {
  const files = new Map<string, Promise<ArchiveFile>>()
  const open = (path: string) => {
    const file = files.get(path) ?? readArchive(path)
    files.set(path, file)
    return file
  }
  const checks: ArchiveCheck[] = []
  const left = await archivesNamed(db)
  const known = new Set(left.map(({ lastHash }) => lastHash))
  for (let record = left.shift(); record; record = left.shift()) {
    const found = await find(record, given, open)
    for (const named of found.chain?.named ?? []) {
      known.add(named.lastHash)
      left.push(named)
    }
    const { chain, archive, read, error } = found
    const broken = chain ? brokenIn(chain, record, known) : error
    checks.push({ archive, entries: record.entries, read, ...(broken ? { broken } : {}) })
  }
  return checks
}

interface Found {
  archive: string
  read: boolean
  chain?: ArchivedChain
  error?: string
}

async function find(
  { repositoryId, lastHash, file }: ArchiveRecord,
  given: readonly string[],
  open: (path: string) => Promise<ArchiveFile>,
): Promise<Found> {
  let error: string | undefined
  const there = existsSync(file)
  for (const archive of [...given, ...(there ? [file] : [])]) {
    const opened = await open(archive)
    const chain = 'chains' in opened ? opened.chains.get(repositoryId) : undefined
    if (chain?.lastHash === lastHash) return { archive, read: true, chain }
    if (archive === file) error = 'error' in opened ? opened.error : 'it does not hold what was moved into it'
  }
  return { archive: file, read: there, ...(error ? { error } : {}) }
}

function brokenIn(chain: ArchivedChain, record: ArchiveRecord, known: ReadonlySet<string>): string | undefined {
  if (chain.broken) return `${chain.broken.why} at entry ${chain.broken.id}`
  if (chain.entries !== record.entries || chain.hashes() !== record.hashes)
    return 'it does not hold what was moved into it'
  // It follows an earlier archive, or is the beginning of all.
  return chain.begins === '' || known.has(chain.begins) ? undefined : 'what comes before it is nowhere named'
}

async function readArchive(path: string): Promise<ArchiveFile> {
  const chains = new Map<number, ArchivedChain>()
  try {
    await pipeline(createReadStream(path), createGunzip(), async (bytes: AsyncIterable<Buffer>) => {
      for await (const line of createInterface({ input: Readable.from(bytes) })) add(chains, line)
    })
    return { chains }
  } catch (error) {
    return { error: `it cannot be read: ${rootMessage(error)}` }
  }
}

function add(chains: Map<number, ArchivedChain>, line: string): void {
  const row = JSON.parse(line) as Omit<AuditRow, 'at'> & { at: string }
  const chain = chains.get(row.repositoryId) ?? new ArchivedChain()
  chains.set(row.repositoryId, chain)
  chain.add({ ...row, at: new Date(row.at) })
}
