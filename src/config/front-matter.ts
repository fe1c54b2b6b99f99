/** Markdown files that begin with YAML between two lines `---`: loops and roles. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { z } from 'zod'
import { OperatorError } from '../lib/errors.ts'
import { unknownKeys } from './unknown-keys.ts'

const frontMatter = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*\r?\n?/m

/** Why a file cannot be used, one sentence for each problem. */
export interface FileProblems {
  problems: string[]
}

/**
 * Reads the text of a file: its YAML, and the Markdown below it without space around it.
 * @param shape of the YAML; no YAML at all is an empty object.
 */
export function readFrontMatter<Keys>(
  text: string,
  shape: z.ZodType<Keys>,
): { keys: Keys; body: string } | FileProblems {
  const found = text.replace(/^\uFEFF/, '').startsWith('---') ? frontMatter.exec(text) : null
  let keys: unknown
  try {
    // No aliases, as in the settings: a few lines of them can expand to gigabytes.
    keys = parse(found?.[1] ?? '', { maxAliasCount: 0 }) ?? {}
  } catch (error) {
    return { problems: [`not valid YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`] }
  }
  const read = shape.safeParse(keys)
  if (!read.success) return { problems: problemsIn(read.error, shape) }
  return { keys: read.data, body: (found ? text.slice(found[0].length) : text).trim() }
}

/** One sentence for each problem, with its key. */
export function problemsIn({ issues }: z.ZodError, shape: z.ZodType): string[] {
  return issues.flatMap(
    (issue) => unknownKeys(issue, shape) ?? [`\`${issue.path.join('.') || 'the file'}\`: ${issue.message}`],
  )
}

/**
 * Reads each `<name>.md` of a folder that is part of Tutti.
 * @param folder absolute path.
 * @param needed names that must be there.
 * @param read reads the text of one file, or says what is wrong with it.
 * @returns what was read, by name.
 * @throws {OperatorError} naming the file that cannot be used, and every problem in it.
 */
export function readOwnFiles<Content extends object>(
  folder: string,
  needed: readonly string[],
  read: (text: string, name: string) => Content | FileProblems,
): Record<string, Content> {
  const names = readdirOrNone(folder).flatMap((file) => /^(.+)\.md$/.exec(file)?.[1] ?? [])
  const missing = needed.find((name) => !names.includes(name))
  if (missing) throw ownFileError(join(folder, `${missing}.md`), ['it is not there'])
  return Object.fromEntries(
    names.toSorted().map((name) => {
      const path = join(folder, `${name}.md`)
      const content = read(readFileSync(path, 'utf8'), name)
      if ('problems' in content) throw ownFileError(path, content.problems)
      return [name, content]
    }),
  )
}

function readdirOrNone(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function ownFileError(path: string, problems: readonly string[]): OperatorError {
  return new OperatorError(
    `${path} cannot be used: ${problems.join('; ')}`,
    'It is part of Tutti: mend the file, or install this version again.',
  )
}
