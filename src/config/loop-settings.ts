/**
 * Loops: named ways of working. A repository has them in its settings, or one in a file of its own:
 * `.github/tutti/loops/<name>.md` with YAML between two lines `---`, and below it the prompt. Those that Tutti brings along
 * are such files too, in `src/loops/`.
 */

import { join } from 'node:path'
import { z } from 'zod'
import { UserError } from '../lib/errors.ts'
import { type FileProblems, problemsIn, readFrontMatter, readOwnFiles } from './front-matter.ts'
import { minutes } from './setup-settings.ts'

export const gateCommand = z.strictObject({
  name: z.string().min(1).max(60).describe('Shown in the Check Run'),
  run: z
    .string()
    .min(1)
    .max(4000)
    .describe(
      'A shell command line, run in a clean checkout of the exact commit; pictures that it puts into the folder `TUTTI_ARTIFACTS` are shown to people',
    ),
  minutes: minutes.default(20).describe('Ended, and counted as failed, after this long'),
})

export const loopSettings = z.strictObject({
  prompt: z.string().max(20_000).default('').describe('The role of the agent, as a part of its prompt'),
  steps: z.array(z.string().min(1).max(1_000)).max(50).default([]).describe('What it does, in this order'),
  agent: z.string().max(50).optional().describe('Which agent works in this way'),
  gates: z.array(gateCommand).max(20).default([]).describe('Run besides those of the repository'),
})

/** One way of working. */
export type LoopSettings = z.infer<typeof loopSettings>

/** The folder of loops in files. */
export const loopFolder = '.github/tutti/loops'
const inFile = loopSettings.omit({ prompt: true })

/** The name of the loop in a file; undefined where the path is none of a loop. */
export function loopNameOf(path: string): string | undefined {
  const name = path.startsWith(`${loopFolder}/`) ? path.slice(loopFolder.length + 1) : ''
  return /^([a-z0-9][a-z0-9-]{0,39})\.md$/.exec(name)?.[1]
}

/**
 * Reads the file of a loop.
 * @param path which file it is, for the messages.
 * @throws {UserError} that names the file and every key that does not fit.
 */
export function readLoopFile(path: string, text: string): LoopSettings {
  const loop = loopIn(text)
  if (!('problems' in loop)) return loop
  const list = loop.problems.map((problem) => `- ${problem}`).join('\n')
  throw new UserError(`\`${path}\` cannot be used:\n${list}\n\n`, 'The other loops and the settings are in force.')
}

/**
 * Reads the loops that Tutti brings along, by name: the files of `src/loops/`.
 * @param needed names that must be among them.
 * @throws {OperatorError} that names the file.
 */
export function readBuiltInLoops(needed: readonly string[]): Readonly<Record<string, LoopSettings>> {
  return readOwnFiles(join(import.meta.dirname, '../loops'), needed, loopIn)
}

function loopIn(text: string): LoopSettings | FileProblems {
  const read = readFrontMatter(text, inFile)
  if ('problems' in read) return read
  const whole = loopSettings.safeParse({ ...read.keys, prompt: read.body })
  return whole.success ? whole.data : { problems: problemsIn(whole.error, loopSettings) }
}
