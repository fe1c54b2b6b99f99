/** What the demo plays: a small repository, and five issues with what the scripted agent does about each. */

/** One issue of the demo. */
export interface Scene {
  /** What it shows, for the table of API calls. */
  shows: string
  title: string
  body: string
  /** How it is put to work. */
  trigger: 'label' | '/queue'
  /** What the reviewer asks for on a line before approving, if anything. */
  changes?: { path: string; line: number; body: string }
  /** What CI, which runs elsewhere, finds on the first commit that passed the gates; on the next one it is content. */
  ci?: { context: string; description: string }
  /** Put to work when the pull request of this scene is open: it uses what that one has taught. */
  after?: number
  /** A message of the agent to people that is worth reading. */
  message?: boolean
  /** What someone else puts on the default branch before the review, so that the two conflict. */
  meanwhile?: { path: string; content: string }
}

/** The sample repository: a greeting, its tests, and Tutti's settings. */
export const sampleFiles: Record<string, string> = {
  'README.md': '# Greeter\n\nSays hello.\n',
  'package.json': `${JSON.stringify({ name: 'greeter', version: '1.0.0', type: 'module', scripts: { test: 'node --test' } }, null, 2)}\n`,
  'src/greet.js': "export function greet(name) {\n  return 'Hello, ' + name + '!'\n}\n",
  'test/greet.test.js': [
    "import assert from 'node:assert/strict'",
    "import { test } from 'node:test'",
    "import { greet } from '../src/greet.js'",
    '',
    "test('greets by name', () => assert.equal(greet('world'), 'Hello, world!'))",
    '',
  ].join('\n'),
  // CI of the demo has one check, so there is nothing more to wait for.
  '.github/tutti.yml': `${settings('node --test')}ci: { settleSeconds: 1 }\n`,
}

/** Settings with one gate: the repository's own tests. */
export function settings(run: string): string {
  return `agent: scripted\nlimits:\n  agents: 3\ngates:\n  commands:\n    - name: tests\n      run: ${JSON.stringify(run)}\n      minutes: 5\n`
}

const script = (...lines: string[]) => ['```tutti-script', ...lines, '```'].join('\n')

/** A page that no agent can place, until a plan says where; then it is reviewed on a line, and answered in that thread. */
const reviewScene: Scene = {
  shows: 'planned again, one round of review',
  title: 'Describe the greetings',
  trigger: 'label',
  changes: {
    path: 'docs/greetings.md',
    line: 3,
    body: 'Please say in one sentence what happens with an empty name.',
  },
  body: `A page about what the greeter can say.\n\n${script(
    'attempt 1:',
    '  say There is no page to extend, and the issue does not say where one should be.',
    '  stop refusal',
    'planning 1+:',
    `  tool submit_plan ${JSON.stringify({
      summary: 'The pages live in `docs/`: this one becomes `docs/greetings.md`.',
      steps: ['Write docs/greetings.md with one example'],
      paths: ['docs/greetings.md'],
      effort: 'S',
      risk: 'low',
      confidence: 0.95,
    })}`,
    'attempt 2+:',
    '  write docs/greetings.md <<END',
    '  # Greetings',
    '',
    '  `greet(name)` answers "Hello, name!".',
    '  END',
    '  say A first page about `greet`.',
    'feedback:',
    '  append docs/greetings.md: An empty name is greeted like any other: "Hello, !".',
    '  say <<END',
    '  Added the sentence that the review asked for.',
    '  R1 done: see below',
    '  R2 done: it is greeted like any other name',
    '  END',
  )}`,
}

/** It begins when #3 has passed, and knows by then what #3 has taught the crew. */
const shoutScene: Scene = {
  shows: 'by command, a lesson of #3, a conflict',
  title: 'Shout',
  trigger: '/queue',
  after: 2,
  message: true,
  meanwhile: { path: 'src/shout.js', content: "export const shout = (text) => text + '!'\n" },
  body: `\`shout(text)\` for loud greetings, with the exclamation mark that they all have.\n\n${script(
    ...testFile('shout', "shout('hello')", "'HELLO!'"),
    'taught A check failed at first:',
    '  tool send_message {"to": "people", "text": "The crew knows from #3 that the tests compare every letter, so I ran mine before I handed it in."}',
    "  write src/shout.js: export const shout = (text) => text.toUpperCase() + '!'",
    '  say Added `shout`, with a test. What #3 taught was of use: every letter counts.',
    'untaught A check failed at first:',
    '  tool send_message {"to": "people", "text": "I begin with `shout`."}',
    '  write src/shout.js: export const shout = (text) => text.toUpperCase()',
    'attempt 2+:',
    "  write src/shout.js: export const shout = (text) => text.toUpperCase() + '!'",
  )}`,
}

/** The issues for the sample repository. `Depends on` counts from the first issue's number. */
export function sampleScenes(first: number): Scene[] {
  return [
    {
      shows: 'plain',
      title: 'Greet in Spanish',
      trigger: 'label',
      body: `Add \`saludar(name)\`, which says hello in Spanish.\n\n${script(
        'plan [>] write saludar | [ ] test it',
        "write src/saludar.js: export const saludar = (name) => '¡Hola, ' + name + '!'",
        ...testFile('saludar', "saludar('Ana')", "'¡Hola, Ana!'"),
        'plan [x] write saludar | [x] test it',
        'say Added `saludar` next to `greet`, with a test. Nothing else changed.',
      )}`,
    },
    {
      shows: 'waits for another, CI fails once',
      title: 'Greet in the language of the reader',
      trigger: 'label',
      ci: { context: 'ci/lint', description: 'src/greet-in.js:4 unknown languages are not handled' },
      body: `\`greetIn(language, name)\` picks the greeting.\n\nDepends on #${first}\n\n${script(
        ...testFile('greet-in', "greetIn('es', 'Ana')", "'¡Hola, Ana!'", 'greetIn'),
        'attempt 1:',
        '  write src/greet-in.js <<END',
        "  import { saludar } from './saludar.js'",
        '',
        "  export const greetIn = (language, name) => language === 'es' && saludar(name)",
        '  END',
        '  say `greetIn` uses what the Spanish greeting brought.',
        'attempt 2+:',
        '  write src/greet-in.js <<END',
        "  import { greet } from './greet.js'",
        "  import { saludar } from './saludar.js'",
        '',
        "  export const greetIn = (language, name) => (language === 'es' ? saludar(name) : greet(name))",
        '  END',
        '  say CI was right: unknown languages get English now.',
      )}`,
    },
    {
      shows: 'fails its gate once',
      title: 'Say goodbye',
      trigger: 'label',
      body: `Add \`farewell(name)\`.\n\n${script(
        ...testFile('farewell', "farewell('Ana')", "'Goodbye, Ana!'"),
        'attempt 1:',
        "  write src/farewell.js: export const farewell = (name) => 'Godbye, ' + name + '!'",
        '  say Added `farewell` with a test.',
        'attempt 2+:',
        "  write src/farewell.js: export const farewell = (name) => 'Goodbye, ' + name + '!'",
        '  say The test was right: the word was misspelt. Mended.',
      )}`,
    },
    reviewScene,
    shoutScene,
  ]
}

function testFile(file: string, call: string, expected: string, name = file): string[] {
  return [
    `write test/${file}.test.js <<END`,
    "import assert from 'node:assert/strict'",
    "import { test } from 'node:test'",
    `import { ${name} } from '../src/${file}.js'`,
    '',
    `test('${name}', () => assert.equal(${call}, ${expected}))`,
    'END',
  ]
}

/** The gate of a repository that is not the sample: one that a first attempt can fail whatever the language. */
export const foreignGate = '! grep -rq "TODO: mend me" tutti-demo'

/** Issues that fit any repository: each adds one page of its own. */
export function foreignScenes(first: number): Scene[] {
  const page = (name: string, text: string) => `write tutti-demo/${name}.md: ${text}`
  return [
    {
      shows: 'plain',
      title: 'Demo: a first page',
      trigger: 'label',
      body: script(page('first', 'The first page.'), 'say Added the first page.'),
    },
    {
      shows: 'waits for another',
      title: 'Demo: a page that builds on the first',
      trigger: 'label',
      body: `Depends on #${first}\n\n${script('append tutti-demo/first.md: And a second line.', 'say Went on with the first page.')}`,
    },
    {
      shows: 'fails its gate once',
      title: 'Demo: a page that fails its gate at first',
      trigger: 'label',
      body: script(
        'attempt 1:',
        `  ${page('gate', 'TODO: mend me')}`,
        '  say Wrote the page.',
        'attempt 2+:',
        `  ${page('gate', 'Mended.')}`,
        '  say Mended what the gate found.',
      ),
    },
    {
      shows: 'one round of review',
      title: 'Demo: a page with a review',
      trigger: 'label',
      changes: { path: 'tutti-demo/review.md', line: 1, body: 'One more sentence, please.' },
      body: script(
        'attempt 1:',
        `  ${page('review', 'A page.')}`,
        '  say Wrote the page.',
        'feedback:',
        '  append tutti-demo/review.md: One more sentence.',
        '  say <<END',
        '  Added the sentence that the review asked for.',
        '  R1 done: see below',
        '  R2 done: added it',
        '  END',
      ),
    },
    {
      shows: 'queued by command',
      title: 'Demo: a page on command',
      trigger: '/queue',
      body: script(page('command', 'Queued by a slash command.'), 'say Added the page.'),
    },
  ]
}
