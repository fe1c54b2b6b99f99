/** Every command with any arguments, given by someone who may do everything: each comment is settled at once. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isSlash } from '../../../src/commands/parse.ts'
import { fuzz, fuzzTimeout } from '../../support/fuzz.ts'
import { Stage, useStore } from '../../support/webhook-stage.ts'

useStore()

const words = [
  ...[
    'all',
    'here',
    'on',
    'off',
    'none',
    '1',
    '#1',
    '#99999',
    'acme/other#3',
    '0',
    '-1',
    '1e9',
    '99999999999999999999',
  ],
  ...[
    'S',
    'critical',
    'codex',
    'scripted',
    'module:x',
    'src/**',
    '../..',
    '/etc/passwd',
    'main',
    'yes',
    '50%',
    '$5',
    '2h',
    '2026-12-01',
  ],
  ...[
    '--all',
    '--force',
    '--agent=x',
    '--after=#1',
    '--because',
    '--',
    '-',
    '"',
    '"a b"',
    "'",
    '`',
    '\\',
    '@maintainer',
    '@tutti',
  ],
  ...[
    '\u00a0',
    '\u200b',
    '\u202e',
    '\0',
    '\ud83d',
    '😀',
    '\u{10000}',
    'ſ',
    '<!--',
    '-->',
    '```',
    '|',
    '<b>',
    '[x](y)',
    '\n',
    '\r\n',
  ],
]
const word = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...words) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 8 }) },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom(...words), fc.integer({ min: 1, max: 200 })).map(([one, n]) => one.repeat(n)),
  },
)
/** Wherever a reply cuts it, that is in the middle of a character in one case of two. */
const longText = fc
  .tuple(fc.constantFrom('', 'x'), fc.constantFrom('😀', '\u{10000}'))
  .map(([before, character]) => before + character.repeat(200))
const rest = fc.array(
  fc.tuple(
    fc.oneof({ weight: 9, arbitrary: word }, { weight: 1, arbitrary: longText }),
    fc.constantFrom(' ', ' ', ' ', '', '  '),
  ),
  { maxLength: 4 },
)

test(
  'no argument makes a command fail',
  async () => {
    const stage = await Stage.open()
    const items = [await stage.issueIn('ready'), await stage.issueIn('held'), await stage.issueIn('reviewing')]
    // Where an issue has no work item, the reply is a comment of its own.
    const issues = [...items.map(({ issueNumber }) => issueNumber), stage.people.createIssue(stage.outsider).number]
    const commands = [...stage.commands.values()].filter(isSlash).map(({ name }) => name)
    const input = fc.record({ name: fc.constantFrom(...commands), at: fc.constantFrom(...issues), rest })
    await fuzz('commands', input, {
      inputs: 120,
      holds: async ({ name, at, rest: parts }) => {
        const body = `/${name.replaceAll('_', '-')} ${parts.flat().join('')}`
        const { state, note } = await stage.deliver(stage.people.comment(at, body, stage.maintainer))
        // One that ends the work would have the others refused.
        if ((await stage.repo()).state !== 'active')
          await stage.deliver(stage.people.comment(at, '/init-orchestrator', stage.maintainer))
        expect({ body, state, note }).toMatchObject({ state: expect.stringMatching(/^(?:done|ignored)$/) })
      },
    })
  },
  fuzzTimeout,
)
