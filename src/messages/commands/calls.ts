/** What programs and pages are answered when a command cannot even begin. */

import { singleLine } from '../../lib/sanitise.ts'
import type { CommandRefusal } from './common.ts'

export const notAllowed = (command: string, needed: string, repository: string): CommandRefusal => [
  `\`${command}\` needs ${needed} permission in ${repository}.`,
  'Ask someone who administrates the repository, or use a token with another role.',
]

/** @param problem a part of a sentence: the argument, what it must be, what was given. */
export const argumentDoesNotFit = (command: string, problem: string, examples: readonly string[]): CommandRefusal => [
  `The arguments of \`${command}\` do not fit: ${problem}.`,
  `For example: ${examples.map((example) => `\`${example}\``).join(', ')}.`,
]

export const noSuchRepository = (name: string | undefined): CommandRefusal =>
  name === undefined
    ? ['There is no repository here that you can see.', 'Install the app in one, or ask for access.']
    : [
        `There is no repository \`${singleLine(name, 100).replaceAll('`', "'")}\` here that you can see.`,
        'Name it as `owner/name`; the app must be installed there.',
      ]
export const whichRepository = (names: readonly string[]): CommandRefusal => [
  `There are ${names.length} repositories: ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}.`,
  'Say which one with `repository`.',
]
export const noSuchIssue = (repository: string, number: number): CommandRefusal => [
  `${repository} has no issue or pull request #${number}.`,
  'Check the number.',
]
export const keyDoesNotFit = (most: number): CommandRefusal => [
  `The key of a call has 1 to ${most} characters.`,
  'A UUID for each new call is right.',
]
export const keyReused: CommandRefusal = [
  'This key was used for another call already.',
  'Use a new key for each new call, and the same one only to repeat a call.',
]
