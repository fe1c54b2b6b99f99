/**
 * What set-up steps make, such as `node_modules`: kept once for each key, and copied into trees. A copy shares no file
 * with the cache: a hard link would let an agent write into it, and with it into every other tree.
 */

import { execFile } from 'node:child_process'
import { constants } from 'node:fs'
import { cp, lstat, mkdir, readdir, readFile, readlink, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, isAbsolute, join } from 'node:path'
import { promisify } from 'node:util'
import type { Logger } from 'pino'
import { UserError } from '../../lib/errors.ts'

const exec = promisify(execFile)
const facts = 'made.json'

interface Made {
  paths: string[]
  bytes: number
}

/** A cache in a directory that only this process uses. */
export class DependencyCache {
  readonly #directory: string
  readonly #maxBytes: number
  readonly #log: Pick<Logger, 'info' | 'warn'>
  readonly #building = new Map<string, Promise<unknown>>()

  /** @param options.maxBytes of all entries together. */
  constructor(options: { directory: string; maxBytes: number; log: Pick<Logger, 'info' | 'warn'> }) {
    this.#directory = options.directory
    this.#maxBytes = options.maxBytes
    this.#log = options.log
  }

  /** Whether there is an entry. @param key of hexadecimal digits and slashes. */
  async has(key: string): Promise<boolean> {
    return (await this.#made(key)) !== undefined
  }

  /**
   * Makes an entry, once: whoever asks for the same key meanwhile waits for it, and shares its failure.
   * @param make makes the paths in a tree, and hands the tree to `take` before it removes it.
   * @throws what `make` throws; nothing of the entry stays then.
   */
  async build(key: string, paths: readonly string[], make: (take: (tree: string) => Promise<void>) => Promise<void>) {
    const running = this.#building.get(key)
    if (running) return running
    const build = this.#build(key, paths, make).finally(() => this.#building.delete(key))
    this.#building.set(key, build)
    return build
  }

  async #build(key: string, paths: readonly string[], make: (take: (tree: string) => Promise<void>) => Promise<void>) {
    if (await this.has(key)) return
    const entry = join(this.#directory, key)
    const draft = `${entry}.new`
    // A process that ended in the middle may have left one.
    await rm(draft, { recursive: true, force: true })
    await mkdir(draft, { recursive: true, mode: 0o700 })
    try {
      await make((tree) => this.#take(tree, draft, paths))
      await rm(entry, { recursive: true, force: true })
      await rename(draft, entry)
    } finally {
      await rm(draft, { recursive: true, force: true })
    }
    await this.sweep(key)
  }

  async #take(tree: string, draft: string, paths: readonly string[]): Promise<void> {
    let bytes = 0
    const taken: string[] = []
    for (const [index, path] of paths.entries()) {
      const from = join(tree, path)
      if (!(await lstat(from).catch(() => undefined))) continue
      bytes += await sizeOf(from, dirname(this.#directory))
      await copyTree(from, join(draft, String(index)))
      taken.push(path)
    }
    await writeFile(join(draft, facts), JSON.stringify({ paths: taken, bytes } satisfies Made), { mode: 0o600 })
  }

  /**
   * Copies an entry into a tree. A path that is there already stays, unless `replace` is set.
   * @returns false when there is no entry.
   * @throws {UserError} when a link in the tree leads a path somewhere else.
   */
  async copyInto(key: string, tree: string, paths: readonly string[], replace: boolean): Promise<boolean> {
    const made = await this.#made(key)
    if (!made) return false
    const entry = join(this.#directory, key)
    // The oldest entry is the one that was not used for longest.
    await utimes(entry, new Date(), new Date()).catch(() => {})
    for (const [index, path] of paths.entries()) {
      if (!made.paths.includes(path)) continue
      const to = join(tree, path)
      await refuseLinks(tree, path)
      const there = await lstat(to).catch(() => undefined)
      if (there && !replace) continue
      await rm(to, { recursive: true, force: true })
      await mkdir(dirname(to), { recursive: true })
      await copyTree(join(entry, String(index)), to)
    }
    return true
  }

  /** Removes the oldest entries until the rest fits. @param keep a key that stays. */
  async sweep(keep?: string): Promise<void> {
    const entries = await this.#entries()
    let total = entries.reduce((sum, { bytes }) => sum + bytes, 0)
    for (const { key, bytes } of entries.toSorted((one, other) => one.usedAt - other.usedAt)) {
      if (total <= this.#maxBytes) return
      if (key === keep || this.#building.has(key)) continue
      await rm(join(this.#directory, key), { recursive: true, force: true })
      this.#log.info({ key, bytes }, 'the oldest dependency cache was removed')
      total -= bytes
    }
  }

  async #entries(): Promise<{ key: string; bytes: number; usedAt: number }[]> {
    const found = []
    for (const repository of await readdir(this.#directory).catch(() => [])) {
      for (const name of await readdir(join(this.#directory, repository)).catch(() => [])) {
        const key = join(repository, name)
        const made = await this.#made(key)
        const { mtimeMs: usedAt } = await stat(join(this.#directory, key)).catch(() => ({ mtimeMs: 0 }))
        if (made) found.push({ key, bytes: made.bytes, usedAt })
      }
    }
    return found
  }

  async #made(key: string): Promise<Made | undefined> {
    try {
      return JSON.parse(await readFile(join(this.#directory, key, facts), 'utf8')) as Made
    } catch {
      return undefined
    }
  }
}

/** Copies with the blocks shared where the file system can (a write makes a block of its own), else in full. */
async function copyTree(from: string, to: string): Promise<void> {
  if (process.platform === 'linux') {
    await exec('cp', ['-a', '--reflink=auto', '-T', '--', from, to])
    return
  }
  await cp(from, to, {
    ...{ recursive: true, preserveTimestamps: true, verbatimSymlinks: true },
    mode: constants.COPYFILE_FICLONE,
  })
}

/**
 * The size of a tree in bytes.
 * @param ours a directory into which no link may lead: through it, a tree would write there.
 * @throws {UserError} when a link does.
 */
async function sizeOf(path: string, ours: string): Promise<number> {
  const found = await lstat(path)
  if (found.isSymbolicLink()) {
    const target = await readlink(path)
    if (isAbsolute(target) && target.startsWith(ours))
      throw new UserError(`\`${path}\` is a link into our own files.`, '')
    return found.size
  }
  if (!found.isDirectory()) return found.size
  let sum = 0
  for (const name of await readdir(path)) sum += await sizeOf(join(path, name), ours)
  return sum
}

/** The folders above a path must be folders of the tree. */
async function refuseLinks(tree: string, path: string): Promise<void> {
  const parts = path.split('/').slice(0, -1)
  for (let at = 1; at <= parts.length; at++) {
    const above = parts.slice(0, at).join('/')
    const found = await lstat(join(tree, above)).catch(() => undefined)
    if (found && !found.isDirectory())
      throw new UserError(`\`${above}\` is not a folder, so \`${path}\` cannot be put there.`, 'Mend `setup.cache`.')
  }
}
