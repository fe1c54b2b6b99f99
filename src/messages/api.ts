/** What programs read when the API refuses them: the problem, then the next step. */

import { singleLine } from '../lib/sanitise.ts'
import type { CommandRefusal } from './commands/common.ts'

const shown = (text: string) => `\`${singleLine(text, 100).replaceAll('`', "'")}\``

export const tokenDoesNotFit = (problem: string): CommandRefusal => [
  `This is no token that can be made. ${problem}`,
  'For example: `{"name": "ci", "role": "operate", "repositories": ["acme/app"], "expiresInDays": 90}`.',
]
export const tokenExists = (name: string): CommandRefusal => [
  `There is a token ${shown(name)} already, or there was one.`,
  'Take another name: the audit log names tokens.',
]
export const noSuchToken = (name: string): CommandRefusal => [
  `There is no token ${shown(name)}.`,
  '`tutti token list` and `GET /api/tokens` list them.',
]
export const noRepositoryForToken = (name: string): CommandRefusal => [
  `There is no repository ${shown(name)} here.`,
  'Name it as `owner/name`; the app must be installed there.',
]

/** The titles of problems: the same for each of a kind. */
export const problemTitles = {
  'invalid-arguments': 'The arguments do not fit',
  'malformed-body': 'The body cannot be read',
  'not-authenticated': 'A token is needed',
  'not-allowed': 'Not allowed',
  'foreign-request': 'The request comes from another site',
  'not-found': 'Not found',
  'method-not-allowed': 'The method is not allowed here',
  'key-reused': 'The key was used for another call',
  'name-taken': 'The name is taken',
  'too-large': 'The body is too large',
  'not-json': 'The body is not JSON',
  refused: 'The command was refused',
  'too-many-failures': 'Too many failed log-ins',
  'internal-error': 'Something went wrong here',
  unavailable: 'Not available now',
} as const

export const githubAsksForPause: CommandRefusal = ['GitHub wants no calls for a while.', 'Try again later.']
export const databaseAway: CommandRefusal = ['The database cannot be reached.', 'Try again in some seconds.']
export const internalError: CommandRefusal = [
  'The request has failed for a reason that the operator finds in the log, under the id of this request.',
  'Try again; report it if it fails again.',
]
export const bodyTooLarge: CommandRefusal = ['The body is larger than 1 MB.', 'Send less.']
export const foreignHost = (host: string): CommandRefusal => [
  `This server is not known as ${shown(host)}.`,
  'Use its address, or set `PUBLIC_URL` to the name under which it is reached.',
]
export const foreignOrigin = (origin: string): CommandRefusal => [
  `Pages of ${shown(origin)} may not use this API.`,
  'Call it from a program, or from a page of this server.',
]
export const tooManyFailures: CommandRefusal = [
  'This address has failed to log in too often.',
  'Wait for a minute, and check the token.',
]
export function notAuthenticated(why: 'unknown' | 'expired' | 'revoked' | undefined): CommandRefusal {
  const problems = {
    unknown: 'This token is not known here.',
    expired: 'This token has expired.',
    revoked: 'This token was revoked.',
  }
  return [
    why === undefined ? 'This needs a token: `Authorization: Bearer tutti_…`.' : problems[why],
    'Whoever runs Tutti makes one with `tutti token create`.',
  ]
}
export const nothingHere = (path: string): CommandRefusal => [
  `Nothing is at ${shown(path)}.`,
  '`/api/docs` lists what there is.',
]
export const methodNotAllowed = (method: string, allowed: readonly string[]): CommandRefusal => [
  `${shown(method)} is not possible here.`,
  `Possible: ${allowed.join(', ')}.`,
]
export const bodyNotJson = (type: string): CommandRefusal => [
  `The body is ${type === '' ? 'of no named type' : shown(type)}.`,
  'Send JSON, with `Content-Type: application/json`.',
]
export const malformedBody: CommandRefusal = [
  'The body is not a JSON object.',
  'Send the arguments as an object, such as `{"repository": "acme/app"}`.',
]
export const commonDoesNotFit = (problem: string): CommandRefusal => [
  problem,
  '`repository` is `owner/name`, and `on` the number of an issue or a pull request.',
]
export const needsAdminOfAll: CommandRefusal = [
  'Tokens are managed with a token that is `admin` of all repositories.',
  'Whoever runs Tutti can use `tutti token` on its machine.',
]
export const needsAllRepositories: CommandRefusal = [
  'The metrics are those of all repositories, and this token has only some.',
  'Use a token without `repositories`.',
]
export const eventsDoNotFit = (problem: string): CommandRefusal => [
  problem,
  'For example: `/api/events?repository=acme/app&after=1200`.',
]
