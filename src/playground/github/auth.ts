/** Who is asking: an app by its signed JWT, an installation by its token, a person by theirs. */
import { createVerify, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import { type Account, ApiRefusal, type Installation, type Permissions } from './model.ts'
import { randomText, type World } from './world.ts'

/** An installation token lives one hour, in ms. */
const TOKEN_LIFE = 3600 * 1000
/** A JWT may be valid for ten minutes at most, in seconds: documented in "Generating a JSON Web Token". */
const MAX_JWT_LIFE = 10 * 60

export interface KeyPair {
  /** PKCS#1 PEM, as GitHub hands it out. */
  privateKey: string
  publicKey: KeyObject
}

export interface Token {
  secret: string
  installation: Installation
  permissions: Permissions
  /** Only these repositories; all of the installation's without it. */
  repositories?: Set<number>
  expiresAt: Date
}

export type Caller =
  | { kind: 'app' }
  | { kind: 'installation'; token: Token }
  | { kind: 'person'; account: Account }
  | { kind: 'anonymous' }

export interface Auth {
  key: KeyPair
  /** A new token with these rights. */
  mint(wanted: Pick<Token, 'installation' | 'permissions' | 'repositories'>): Token
  /** Makes one token worthless. */
  forget(token: Token): void
  /** Makes every token of the installation worthless. */
  revoke(installation: Installation): void
  /** @throws {ApiRefusal} 401 for credentials that are wrong, 403 for a suspended installation. */
  identify(authorization: string | undefined): Caller
}

let keys: Promise<KeyPair> | undefined

/** The app's key. Made once per process (2048 bits take 10 to 100 ms): every playground of a process shares it. */
export function appKey(): Promise<KeyPair> {
  keys ??= promisify(generateKeyPair)('rsa', { modulusLength: 2048 }).then(({ privateKey, publicKey }) => ({
    privateKey: privateKey.export({ type: 'pkcs1', format: 'pem' }).toString(),
    publicKey,
  }))
  return keys
}

export function createAuth(world: World, key: KeyPair): Auth {
  const tokens = new Map<string, Token>()

  function byToken(secret: string): Caller {
    const account = world.personalTokens.get(secret)
    if (account) return { kind: 'person', account }
    const token = tokens.get(secret)
    if (!token || token.expiresAt <= world.now()) throw new ApiRefusal(401, 'Bad credentials')
    if (token.installation.suspendedAt) throw new ApiRefusal(403, 'This installation has been suspended')
    return { kind: 'installation', token }
  }

  return {
    key,
    mint(wanted) {
      const token: Token = {
        ...wanted,
        secret: newSecret(world),
        expiresAt: new Date(world.now().getTime() + TOKEN_LIFE),
      }
      tokens.set(token.secret, token)
      return token
    },
    forget(token) {
      tokens.delete(token.secret)
    },
    revoke(installation) {
      for (const token of tokens.values()) if (token.installation === installation) tokens.delete(token.secret)
    },
    identify(authorization) {
      if (!authorization) return { kind: 'anonymous' }
      const [scheme = '', value = ''] = authorization.trim().split(/\s+/, 2)
      if (scheme.toLowerCase() === 'basic') {
        const [name = '', password = ''] = Buffer.from(value, 'base64').toString('utf8').split(':', 2)
        return byToken(password || name)
      }
      // An installation token looks like a JWT, but for its prefix.
      if (!/^gh[sp]_/.test(value) && value.split('.').length === 3) {
        checkJwt(world, key, value)
        return { kind: 'app' }
      }
      return byToken(value)
    },
  }
}

/** GitHub's format since 2026: `ghs_APPID_` and something that looks like a JWT; about 520 characters in all. */
function newSecret(world: World): string {
  const part = (bytes: number): string => randomBytes(bytes).toString('base64url')
  const header = Buffer.from(JSON.stringify({ alg: 'RS256', kid: randomText(12), typ: 'JWT' })).toString('base64url')
  return `ghs_${world.app.id}_${header}.${part(75)}.${part(256)}`
}

function checkJwt(world: World, key: KeyPair, jwt: string): void {
  const [header = '', payload = '', signature = ''] = jwt.split('.')
  const signed = createVerify('RSA-SHA256').update(`${header}.${payload}`).verify(key.publicKey, signature, 'base64url')
  if (!signed || readJson(header).alg !== 'RS256') throw new ApiRefusal(401, 'A JSON web token could not be decoded')
  const { iss, iat, exp } = readJson(payload)
  const now = Math.floor(world.now().getTime() / 1000)
  if (String(iss) !== String(world.app.id) && iss !== world.app.clientId)
    throw new ApiRefusal(401, "'Issuer' claim ('iss') must be an Integer")
  if (typeof exp !== 'number' || exp < now)
    throw new ApiRefusal(
      401,
      "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
    )
  if (exp > now + MAX_JWT_LIFE) throw new ApiRefusal(401, "'Expiration time' claim ('exp') is too far in the future")
  if (typeof iat !== 'number' || iat > now)
    throw new ApiRefusal(
      401,
      "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
    )
}

function readJson(part: string): Record<string, unknown> {
  try {
    return JSON.parse(Buffer.from(part, 'base64url').toString('utf8'))
  } catch {
    throw new ApiRefusal(401, 'A JSON web token could not be decoded')
  }
}
