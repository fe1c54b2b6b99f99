/**
 * The scripted agent as plain JavaScript. To take the types off its files, Node loads a compiler at each start, which costs more
 * than all the rest of the start: 0.35 s of processor time of 0.57 s. So it is done once for each state of the files.
 */

import { createHash } from 'node:crypto'
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'

/**
 * @param folder absolute path of the folder with `main.ts`.
 * @param cache absolute path of a folder that is made when it is missing.
 * @returns the program to start: the prepared one, or `main.ts` where nothing can be prepared.
 */
export function preparedProgram(folder: string, cache: string): string {
  try {
    const files = readdirSync(folder)
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ name, text: readFileSync(join(folder, name), 'utf8') }))
    const digest = createHash('sha256').update(JSON.stringify(files)).digest('hex').slice(0, 16)
    const target = join(cache, digest)
    if (!existsSync(target)) prepare(files, target)
    return join(target, 'main.mjs')
  } catch {
    return join(folder, 'main.ts')
  }
}

/** Whole or not at all: others may be doing the same at this moment, or read it. */
function prepare(files: readonly { name: string; text: string }[], target: string): void {
  mkdirSync(join(target, '..'), { recursive: true })
  const work = mkdtempSync(`${target}-making-`)
  try {
    for (const { name, text } of files) {
      const plain = quietly(() => stripTypeScriptTypes(text)).replace(/(from '\.\/[\w-]+)\.ts'/g, "$1.mjs'")
      writeFileSync(join(work, name.replace(/\.ts$/, '.mjs')), plain)
    }
    renameSync(work, target)
  } catch (error) {
    rmSync(work, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
}

/** Node warns that the function may change; where it does, `main.ts` is started as it is. */
function quietly<T>(work: () => T): T {
  const { emitWarning } = process
  process.emitWarning = () => {}
  try {
    return work()
  } finally {
    process.emitWarning = emitWarning
  }
}
