/**
 * Loops: named ways of working. A repository has them in its settings, or one in a file of its own:
 * `.github/tutti/loops/<name>.md` with YAML between two lines `---`, and below it the prompt.
 */

import { parse } from 'yaml'
import { z } from 'zod'
import { didYouMean } from '../lib/did-you-mean.ts'
import { UserError } from '../lib/errors.ts'
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
const frontMatter = /^\uFEFF?---[ \t]*\r?\n([\s\S]*?)^---[ \t]*\r?\n?/m
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
  const found = text.replace(/^\uFEFF/, '').startsWith('---') ? frontMatter.exec(text) : null
  const prompt = (found ? text.slice(found[0].length) : text).trim()
  let keys: unknown
  try {
    // No aliases, as in the settings: a few lines of them can expand to gigabytes.
    keys = parse(found?.[1] ?? '', { maxAliasCount: 0 }) ?? {}
  } catch (error) {
    throw refused(path, [`not valid YAML: ${error instanceof Error ? error.message.split('\n')[0] : String(error)}`])
  }
  const read = inFile.safeParse(keys)
  if (!read.success) throw refused(path, read.error.issues.flatMap(problemsOf))
  const whole = loopSettings.safeParse({ ...read.data, prompt })
  if (!whole.success) throw refused(path, whole.error.issues.flatMap(problemsOf))
  return whole.data
}

function problemsOf(issue: z.core.$ZodIssue): string[] {
  const at = issue.path.join('.')
  if (issue.code !== 'unrecognized_keys') return [`\`${at || 'the file'}\`: ${issue.message}`]
  return issue.keys.map((key) => {
    const meant = didYouMean(key, Object.keys(inFile.shape))
    return `unknown key \`${[...issue.path, key].join('.')}\`${meant ? `; did you mean \`${meant}\`?` : ''}`
  })
}

function refused(path: string, problems: readonly string[]): UserError {
  const list = problems.map((problem) => `- ${problem}`).join('\n')
  return new UserError(`\`${path}\` cannot be used:\n${list}\n\n`, 'The other loops and the settings are in force.')
}
