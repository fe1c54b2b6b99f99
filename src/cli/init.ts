/** `tutti init`: asks what it needs, writes `.env` and the first settings of a repository, and ends with the doctor. */

import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline/promises'
import { runDoctor } from './doctor.ts'
import { VerbError } from './exit-codes.ts'
import { firstSettings, testCommandOf } from './lib/first-settings.ts'
import { defineVerb } from './verb.ts'

interface Question {
  variable: string
  text: string
  /** Taken with --yes, and for an empty answer. */
  otherwise: string
  secret?: boolean
}

const questions: readonly Question[] = [
  { variable: 'HOST', text: 'Address to listen on (0.0.0.0: every one)', otherwise: '127.0.0.1' },
  { variable: 'PORT', text: 'Port', otherwise: '3000' },
  {
    variable: 'DATABASE_URL',
    text: 'Postgres, as postgres://… (empty: the embedded database)',
    otherwise: '',
    secret: true,
  },
  { variable: 'GHE_HOST', text: 'Host of a GitHub Enterprise Server (empty: GitHub.com)', otherwise: '' },
  { variable: 'GH_ORG', text: 'Organisation that the app belongs to (empty: your account)', otherwise: '' },
  { variable: 'AGENT', text: 'Agent: claude-code, codex, gemini, opencode or command', otherwise: 'claude-code' },
]

/** The first key of each kind. */
const keyOf: Readonly<Record<string, string>> = {
  'claude-code': 'ANTHROPIC_API_KEY',
  codex: 'OPENAI_API_KEY',
  gemini: 'GEMINI_API_KEY',
  opencode: 'OPENCODE_API_KEY',
}

export const init = defineVerb({
  declare: (command) =>
    command
      .option('--yes', 'ask nothing: take the defaults, and what is in the environment')
      .option('--repository-path <folder>', 'a checkout of the repository whose settings are written'),
  more: 'Nothing that is there is changed: .env gets what it lacks, and a settings file is never replaced.',
  run: async ({ options }) => {
    if (!options.yes && !process.stdin.isTTY)
      throw new VerbError('usage', 'there is no terminal to ask at', 'Run: tutti init --yes')
    const ask = options.yes ? undefined : asker()
    try {
      writeVariables(await answers(ask))
      const folder =
        options.repositoryPath ?? (await ask?.('A checkout of the repository to begin with (empty: later)', ''))
      if (folder) writeSettings(resolve(folder))
    } finally {
      ask?.close()
    }
    console.log('\nWhat is missing now:')
    await runDoctor(false)
    return 0
  },
})

type Ask = ((text: string, otherwise: string) => Promise<string>) & { close(): void }

function asker(): Ask {
  const lines = createInterface({ input: process.stdin, output: process.stdout })
  const ask = async (text: string, otherwise: string) =>
    (await lines.question(`${text}${otherwise ? ` [${otherwise}]` : ''}: `)).trim() || otherwise
  return Object.assign(ask, { close: () => lines.close() })
}

/** What is asked for and neither in `.env` nor in the environment. */
async function answers(ask: Ask | undefined): Promise<Record<string, string>> {
  const known = new Set([...namesIn('.env'), ...Object.keys(await environment())])
  const given: Record<string, string> = {}
  for (const { variable, text, otherwise } of questions) {
    if (known.has(variable)) continue
    const answer = ask ? await ask(text, otherwise) : otherwise
    if (answer) given[variable] = answer
  }
  const key = keyOf[given.AGENT ?? '']
  if (key && !known.has(key) && !known.has(`${key}_FILE`)) {
    const value = await ask?.(`${key} (empty: later)`, '')
    if (value) given[key] = value
  }
  return given
}

async function environment(): Promise<Readonly<Record<string, string | undefined>>> {
  const { rawEnvironment } = await import('../config/env.ts')
  return rawEnvironment()
}

function namesIn(file: string): string[] {
  if (!existsSync(file)) return []
  return [...readFileSync(file, 'utf8').matchAll(/^\s*([A-Z][A-Z0-9_]*)=/gm)].map(([, name = '']) => name)
}

/** For its owner alone: keys stand in it. */
function writeVariables(given: Readonly<Record<string, string>>): void {
  const file = resolve('.env')
  const before = existsSync(file) ? readFileSync(file, 'utf8') : ''
  const lines = Object.entries(given).map(([name, value]) => `${name}=${quoted(value)}\n`)
  writeFileSync(file, `${before}${before && !before.endsWith('\n') ? '\n' : ''}${lines.join('')}`, { mode: 0o600 })
  chmodSync(file, 0o600)
  console.log(lines.length > 0 ? `${file}: ${Object.keys(given).join(', ')}` : `${file}: nothing was missing`)
}

function quoted(value: string): string {
  return /^[\w.:/@%+,-]*$/.test(value) ? value : `"${value.replaceAll('"', '\\"')}"`
}

function writeSettings(folder: string): void {
  const file = join(folder, '.github/tutti.yml')
  if (!existsSync(folder)) throw new VerbError('failed', `${folder} does not exist`, 'Give the path of a checkout.')
  if (existsSync(file)) {
    console.log(`${file}: it is there already, and stays as it is`)
    return
  }
  mkdirSync(dirname(file), { recursive: true })
  const command = testCommandOf(folder)
  writeFileSync(file, firstSettings(command))
  console.log(
    `${file}: ${command ? `the gate runs \`${command}\`` : 'say there how your tests are run'}. Commit it to the default branch.`,
  )
}
