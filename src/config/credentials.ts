/** The app's credentials, of the variables that hold them. */

import { createPrivateKey } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { OperatorError } from '../lib/errors.ts'

/** What GitHub knows the app by. */
export interface AppCredentials {
  appId: string
  /** In PEM form. */
  privateKey: string
  webhookSecret: string
}

interface CredentialVariables {
  APP_ID?: string | undefined
  PRIVATE_KEY?: string | undefined
  PRIVATE_KEY_PATH?: string | undefined
  WEBHOOK_SECRET?: string | undefined
}

/**
 * Reads them.
 * @returns undefined when none is set: the app is not registered yet.
 * @throws {OperatorError} when some are missing, or the key is none.
 */
export function credentialsOf(env: CredentialVariables): AppCredentials | undefined {
  const { APP_ID: appId, WEBHOOK_SECRET: webhookSecret } = env
  const privateKey = privateKeyOf(env)
  if (appId && privateKey && webhookSecret) return { appId, privateKey, webhookSecret }
  const given = { APP_ID: appId, 'PRIVATE_KEY or PRIVATE_KEY_PATH': privateKey, WEBHOOK_SECRET: webhookSecret }
  const missing = Object.entries(given).flatMap(([name, value]) => (value ? [] : [name]))
  if (missing.length === 3) return undefined
  throw new OperatorError(
    `the app's credentials are incomplete: ${missing.join(', ')} not set`,
    'Set all three, or none of them to see the set-up page.',
  )
}

function privateKeyOf(env: CredentialVariables): string | undefined {
  const text = env.PRIVATE_KEY ? decoded(env.PRIVATE_KEY) : keyFile(env.PRIVATE_KEY_PATH)
  if (text === undefined) return undefined
  try {
    createPrivateKey(text)
    return text
  } catch {
    const where = env.PRIVATE_KEY ? 'PRIVATE_KEY' : `PRIVATE_KEY_PATH: ${env.PRIVATE_KEY_PATH}`
    throw new OperatorError(
      `${where} is not a private key in PEM form`,
      'Give the whole file that GitHub handed out, with its first and last line.',
    )
  }
}

function keyFile(path: string | undefined): string | undefined {
  if (!path) return undefined
  try {
    return readFileSync(path, 'utf8')
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException
    const why = code === 'ENOENT' ? 'names a file that does not exist' : 'names what cannot be read'
    const hint = code === 'ENOENT' ? 'Give the path of the key that GitHub handed out.' : `${message}.`
    throw new OperatorError(`PRIVATE_KEY_PATH ${why}: ${path}`, hint, { cause })
  }
}

/** A key may be given with real line ends, with `\n` written out, or in base64 where neither can be written. */
function decoded(text: string): string {
  const unescaped = text.replaceAll('\\n', '\n')
  return unescaped.includes('-----BEGIN') ? unescaped : Buffer.from(text, 'base64').toString('utf8')
}
