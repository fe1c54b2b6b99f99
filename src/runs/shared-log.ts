/**
 * The log of a run: a file on the disk of the process that carries it out. Where processes of other places are about, the
 * end of it is in the database too, so that each of them can show it.
 */

import { mkdir, open } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Logger } from 'pino'
import type { Env } from '../config/env.ts'
import type { Store } from '../db/connect.ts'
import { addLogPiece, keptLogBytes, logPieces } from '../db/run-log-pieces.ts'

/** A log that is open for reading. */
export interface SharedLog {
  /** The first byte that is kept, and the one behind the last. */
  begin: number
  end: number
  /** Bytes from `from`, at most `length`. */
  read(from: number, length: number): Promise<Buffer>
  close(): Promise<void>
}

interface LogPlace {
  env: Pick<Env, 'dataDirectory'>
  store: Pick<Store, 'db'>
}

/** The file that a run of this process writes its log to. */
function logFileOf({ dataDirectory }: Pick<Env, 'dataDirectory'>, runId: number): string {
  return join(dataDirectory, 'logs', `run-${runId}.log`)
}

/** Opens the log of a run: its file where it is here, else what was copied; undefined where there is neither. */
export async function openSharedLog({ env, store }: LogPlace, runId: number): Promise<SharedLog | undefined> {
  const file = await open(logFileOf(env, runId)).catch(() => undefined)
  if (!file) return copiedLog(store, runId)
  const { size } = await file.stat()
  return {
    begin: 0,
    end: size,
    read: async (position, length) => {
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(length), position })
      return buffer.subarray(0, bytesRead)
    },
    close: () => file.close(),
  }
}

async function copiedLog(store: Pick<Store, 'db'>, runId: number): Promise<SharedLog | undefined> {
  const kept = await logPieces(store, runId)
  if (!kept) return undefined
  const { at, bytes } = kept
  return {
    begin: at,
    end: at + bytes.length,
    read: async (from, length) => bytes.subarray(from - at, from - at + length),
    close: async () => {},
  }
}

interface CopyServices {
  env: Pick<Env, 'dataDirectory' | 'HEARTBEAT_SECONDS'>
  store: Pick<Store, 'transaction'>
  log: Logger
  several(): Promise<boolean>
  redact(text: string): string
}

/** Copies the log of one run, piece by piece. */
export class LogCopy {
  readonly #services: CopyServices
  readonly #runId: number
  /** How far the file was read, and how much of it was copied. */
  #read = 0
  #copied = 0

  constructor(services: CopyServices, runId: number) {
    this.#services = services
    this.#runId = runId
  }

  /** Copies the whole lines that were written since the last time. Of very many, the last ones. */
  async copy(): Promise<void> {
    const { env, store, several, redact } = this.#services
    if (!(await several())) return
    const file = await open(logFileOf(env, this.#runId)).catch(() => undefined)
    if (!file) return
    try {
      const { size } = await file.stat()
      const from = Math.max(this.#read, size - keptLogBytes)
      const { buffer, bytesRead } = await file.read({ buffer: Buffer.alloc(size - from), position: from })
      const whole = buffer.subarray(0, bytesRead).lastIndexOf(10) + 1
      if (whole === 0) return
      // Text for the database: it takes no NUL.
      const text = redact(buffer.subarray(0, whole).toString('utf8')).replaceAll('\0', '')
      await addLogPiece(store, this.#runId, this.#copied, text)
      this.#read = from + whole
      this.#copied += Buffer.byteLength(text)
    } finally {
      await file.close()
    }
  }
}

/**
 * Makes room for the log of a run, and copies it while it is written. A copy that fails is logged alone.
 * @returns the file to write to, and what copies the rest and ends it.
 */
export async function startSharedLog(
  services: CopyServices,
  runId: number,
): Promise<{ file: string; end(): Promise<void> }> {
  const file = logFileOf(services.env, runId)
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  const copy = new LogCopy(services, runId)
  const once = () => copy.copy().catch((err) => services.log.debug({ err, run: runId }, 'a log was not copied'))
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  const next = () => {
    timer = setTimeout(() => {
      running = once().then(next)
    }, services.env.HEARTBEAT_SECONDS * 1_000)
  }
  next()
  const end = async () => {
    clearTimeout(timer)
    await running
    clearTimeout(timer)
    await once()
  }
  return { file, end }
}
