/** The command line in this process: a directory and an environment of its own, and what it prints. */

import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { main } from '../../src/cli/cli.ts'
import { prepareDatabase } from './test-store.ts'

/** How a verb has ended. */
export interface Ended {
  code: number
  out: string
  err: string
}

/**
 * A directory in which verbs are run one after another, with nothing set but what is given. Its database is prepared.
 * @param given variables, besides PATH and DATA_DIR.
 */
export async function openCliPlace(given: Record<string, string> = {}) {
  const directory = realpathSync(mkdtempSync(join(tmpdir(), 'tutti-cli-')))
  const data = join(directory, 'data')
  const database = await prepareDatabase(data)
  const env: Record<string, string> = {
    ...{ PATH: process.env.PATH ?? '', HOME: directory, DATA_DIR: data },
    ...(database.url ? { DATABASE_URL: database.url } : {}),
    ...given,
  }

  /** Runs `tutti …`. @param columns of the terminal; undefined: output goes to a pipe. */
  async function tutti(line: string | readonly string[], columns?: number): Promise<Ended> {
    const typed = typeof line === 'string' ? line.split(' ') : [...line]
    const printed = { out: '', err: '' }
    const restore = [
      inDirectory(directory),
      withEnvironment(env),
      ...(['out', 'err'] as const).map((name) =>
        captured(name, columns, (text) => {
          printed[name] += text
        }),
      ),
    ]
    try {
      const code = await main(typed)
      return { code, ...printed }
    } finally {
      for (const undo of restore.reverse()) undo()
    }
  }

  return {
    directory,
    env,
    tutti,
    close: async () => {
      await database.drop()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

function inDirectory(directory: string): () => void {
  const before = process.cwd()
  process.chdir(directory)
  return () => process.chdir(before)
}

function withEnvironment(env: Readonly<Record<string, string>>): () => void {
  const before = { ...process.env }
  const become = (wanted: NodeJS.ProcessEnv) => {
    for (const name of Object.keys(process.env)) if (!(name in wanted)) delete process.env[name]
    Object.assign(process.env, wanted)
  }
  become({ ...env, NO_COLOR: '1' })
  return () => become(before)
}

/** Vitest has its own console: what is printed is taken there, and from the stream for those who write to it. */
function captured(name: 'out' | 'err', columns: number | undefined, take: (text: string) => void): () => void {
  const stream = name === 'out' ? process.stdout : process.stderr
  const method = name === 'out' ? 'log' : 'error'
  const before = { write: stream.write, print: console[method], columns: stream.columns }
  stream.write = ((text: string | Uint8Array) => {
    take(String(text))
    return true
  }) as typeof stream.write
  console[method] = (...parts: unknown[]) => take(`${parts.join(' ')}\n`)
  Object.assign(stream, { columns })
  return () => {
    stream.write = before.write
    console[method] = before.print
    Object.assign(stream, { columns: before.columns })
  }
}
