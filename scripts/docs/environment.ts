/** The operator's variables: the tables of the documents, and `.env.example`. */

import { type EnvironmentVariable, environmentVariables } from '../../src/config/env.ts'
import { code, table } from './table.ts'

/** What someone needs to know first; the README shows these, docs/environment.md all of them. */
const shownFirst = [
  'APP_ID',
  'PRIVATE_KEY_PATH',
  'WEBHOOK_SECRET',
  'GHE_HOST',
  'HOST',
  'PORT',
  'DATABASE_URL',
  'DATA_DIR',
  'AGENT',
  'MAX_AGENTS',
  'MEMORY_PER_AGENT_MB',
  'MAX_SPEND_PER_DAY',
  'LOG_LEVEL',
]

/** The table of the README. @throws {Error} when it names a variable that is not read. */
export function shortEnvironmentTable(): string {
  const known = new Map(environmentVariables().map((variable) => [variable.name, variable]))
  return environmentTable(
    shownFirst.map((name) => {
      const variable = known.get(name)
      if (!variable) throw new Error(`scripts/docs/environment.ts names ${name}, which src/config/env.ts does not read`)
      return variable
    }),
  )
}

/** The table of some variables; of all when none are given. */
export function environmentTable(variables: readonly EnvironmentVariable[] = environmentVariables()): string {
  return table(
    ['variable', 'default', 'what it is'],
    variables.map((one) => [code(one.name), code(one.default), sentence(one)]),
  )
}

/** A `.env` in which every variable is there and commented out, with its default. */
export function dotEnvExample(): string {
  const blocks = environmentVariables().map((one) => `# ${sentence(one)}\n# ${one.name}=${one.default ?? ''}\n`)
  const head = [
    '# The settings of the operator. Copy this file to .env and uncomment what you change; everything has a default.',
    "# `npm start` without credentials shows a set-up page that writes the app's credentials into .env.",
    '# Written by `npm run docs` from src/config/env.ts.',
  ]
  return `${head.join('\n')}\n\n${blocks.join('\n')}`
}

function sentence({ description, values }: EnvironmentVariable): string {
  const choices =
    values.length > 2 && !values.includes('true') ? ` (${values.map((value) => code(value)).join(', ')})` : ''
  return `${description}${choices}.`
}
