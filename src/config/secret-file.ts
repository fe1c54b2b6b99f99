/**
 * Test secrets and variables of one repository. The operator keeps them outside of the repository, in a file that no one
 * else may read:
 *
 *   [setup gates]            secrets for the set-up step and for gates
 *   NPM_TOKEN=abc...
 *   [variables agent gates]  not secret: they are not searched for in logs
 *   DATABASE_HOST=localhost
 */

import { lstat, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OperatorError } from '../lib/errors.ts'

/** What a value may be used for. */
export type SecretScope = 'setup' | 'gates' | 'agent'

export interface SecretEntry {
  name: string
  value: string
  scopes: readonly SecretScope[]
  /** False for a variable, which may stand in logs. */
  secret: boolean
}

const scopes: readonly string[] = ['setup', 'gates', 'agent'] satisfies SecretScope[]
const mostBytes = 64 * 2 ** 10
/** A shorter value would be found in every other log. The redactor searches for no shorter one. */
const shortestSecret = 8
/** Set by Tutti itself, or its own credentials, which no program that it starts may have. */
const reserved =
  /^(?:PATH|HOME|TMPDIR|TUTTI_.*|APP_ID|PRIVATE_KEY(?:_PATH)?|WEBHOOK_SECRET|DATABASE_URL|GITHUB_TOKEN|GH_TOKEN|GIT_.*|LD_.*|DYLD_.*)$/i

/**
 * Reads the text of such a file.
 * @param about what the file is of, for messages. No message holds a value.
 * @throws {OperatorError} naming the line that cannot be used.
 */
export function parseSecrets(text: string, about: string): SecretEntry[] {
  const entries: SecretEntry[] = []
  let section: Pick<SecretEntry, 'scopes' | 'secret'> | undefined
  for (const [index, row] of text.split(/\r?\n/).entries()) {
    const refuse = (why: string) =>
      new OperatorError(`line ${index + 1} of the test secrets of ${about} ${why}`, 'Mend the file; it is read again.')
    const line = row.trim()
    if (line === '' || line.startsWith('#')) continue
    const heading = /^\[([^\]]*)\]$/.exec(line)?.[1]
    if (heading !== undefined) {
      section = readHeading(heading)
      if (!section) throw refuse('must name some of `setup`, `gates` and `agent`, such as `[setup gates]`')
      continue
    }
    if (!section) throw refuse('comes before any heading, such as `[setup gates]`')
    const entry = readEntry(line, section.secret)
    if (typeof entry === 'string') throw refuse(entry)
    entries.push({ ...entry, ...section })
  }
  return entries
}

/** @returns the name and the value, or what is wrong with the line. */
function readEntry(line: string, secret: boolean): Pick<SecretEntry, 'name' | 'value'> | string {
  const [, name, raw] = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/.exec(line) ?? []
  if (name === undefined || raw === undefined) return 'is not `NAME=value`'
  if (reserved.test(name)) return `sets ${name}, which is not for tests`
  const value = unquoted(raw)
  if (value.includes('\0')) return 'holds a NUL'
  if (secret && value.length < shortestSecret)
    return `is too short to be found in logs (${shortestSecret} characters); put it under \`[variables …]\``
  return { name, value }
}

function readHeading(text: string): Pick<SecretEntry, 'scopes' | 'secret'> | undefined {
  const words = text.trim().split(/[\s,]+/)
  const secret = words[0] !== 'variables'
  const named = secret ? words : words.slice(1)
  if (named.length === 0 || !named.every((word) => scopes.includes(word))) return undefined
  return { secret, scopes: named as SecretScope[] }
}

/** Quotes keep blanks; in double quotes `\n` is a line end. */
function unquoted(raw: string): string {
  const text = raw.trim()
  const quote = text[0]
  if (text.length < 2 || (quote !== '"' && quote !== "'") || text.at(-1) !== quote) return text
  const inner = text.slice(1, -1)
  return quote === '"' ? inner.replaceAll('\\n', '\n') : inner
}

/**
 * The secrets and variables of a repository; none where there is no file.
 * @param fullName `owner/name`; the file is `<owner>/<name>.env`, as GitHub writes it or in lower case.
 * @throws {OperatorError} when the file can be read by others, is no plain file, is too large, or cannot be used.
 */
export async function readSecretFile(directory: string, fullName: string): Promise<SecretEntry[]> {
  if (!/^[\w.-]+\/[\w.-]+$/.test(fullName) || fullName.split('/').some((part) => /^\.+$/.test(part))) return []
  for (const name of new Set([fullName, fullName.toLowerCase()])) {
    const file = join(directory, `${name}.env`)
    const found = await lstat(file).catch(() => undefined)
    if (!found) continue
    if (!found.isFile()) throw unusable(fullName, 'is not a plain file')
    if ((found.mode & 0o077) !== 0) throw unusable(fullName, 'may be read by others; `chmod 600` it')
    if (found.size > mostBytes) throw unusable(fullName, `is larger than ${mostBytes} bytes`)
    return parseSecrets(await readFile(file, 'utf8'), fullName)
  }
  return []
}

function unusable(fullName: string, why: string): OperatorError {
  return new OperatorError(`the file of the test secrets of ${fullName} ${why}`, 'Mend the file; it is read again.')
}
