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
  '`GET /api/tokens` lists them.',
]
export const noRepositoryForToken = (name: string): CommandRefusal => [
  `There is no repository ${shown(name)} here.`,
  'Name it as `owner/name`; the app must be installed there.',
]
