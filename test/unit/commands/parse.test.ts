/** What counts as a command in a comment (faults 53 and 54): a table, comment by comment. */

import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { defineCommand } from '../../../src/commands/command.ts'
import { commandUsage, parseCommand } from '../../../src/commands/parse.ts'
import { loadCommands } from '../../../src/commands/registry.ts'

const commands = await loadCommands()
const fence = '```'

/** What a comment comes to, in short: `queue`, `queue {"all":true}`, `? near`, `!` for arguments that do not fit. */
function outcome(body: string, prefix = ''): string {
  const parsed = parseCommand(body, prefix, commands)
  if (!parsed) return 'nothing'
  if ('unknown' in parsed) return `? ${parsed.nearest ?? 'nothing near'}`
  if ('invalid' in parsed) return '!'
  const args = JSON.stringify(parsed.args)
  return args === '{}' ? parsed.command.name : `${parsed.command.name} ${args}`
}

const table: Record<string, Record<string, string[]>> = {
  'a plain line acts': {
    queue: [
      '/queue',
      '/queue\n',
      '/queue ',
      '/queue\t',
      '\n\n/queue',
      '/queue\r\n',
      'Hello\r\n/queue\r\nthanks',
      'Please build this.\n/queue',
      'Please build this.\n\n/queue\n\nThank you!',
      '# Title\n/queue',
      '---\n/queue',
      'Title\n=====\n/queue',
      '| a | b |\n|---|---|\n| 1 | 2 |\n\n/queue',
      '/queue\n\n> a quote below',
      `/queue\n\n${fence}\ncode below\n${fence}`,
      '/queue <!-- a comment after -->'.replace(' <!-- a comment after -->', ''),
      '/usr/bin is where it is\n/queue',
      '/lgtm\n/queue',
      '/queue\n/merge',
      '/queue\rmerge',
      'see https://example.com/queue\n/queue',
      '/queue\n---',
    ],
    merge: ['/merge', 'Looks good to me.\n\n/merge', '/merge\n/queue', 'Approved :tada:\n/merge'],
    status: ['/status', 'where is this?\n/status'],
    'pause {"all":true}': ['/pause all', '/pause --all', '/pause   all', '/pause\tall', '/pause --all=true'],
    'pause {"all":false}': ['/pause --all=false'],
    'stop {"all":true}': ['/stop --all', '/stop all'],
    'merge {"protected":true}': ['/merge --protected'],
    help: ['/help'],
    'help {"command":"merge"}': ['/help merge', '/help "merge"', '/help --command merge', '/help --command=merge'],
    'help {"command":"all"}': ['/help all'],
    'help {"command":"--all"}': ['/help "--all"'],
    'help {"command":"a \\"b\\" c"}': ['/help "a \\"b\\" c"'],
    'help {"command":"two words"}': ['/help “two words”'],
    'help {"command":"/queue"}': ['/help /queue'],
  },
  'after a block has ended, a plain line acts': {
    queue: [
      `${fence}\ncode\n${fence}\n/queue`,
      `${fence}ts\ncode\n${fence}\n\n/queue`,
      `~~~\n${fence}\n~~~\n/queue`,
      `${fence}${fence}\n${fence}\n${fence}${fence}\n/queue`,
      `1. step\n   ${fence}sh\n   npm test\n   ${fence}\n\n/queue`,
      `- item\n  ${fence}\n  code\n  ${fence}\n/queue`,
      `- ${fence}\n  code\n  ${fence}\n/queue`,
      '- item\n\n/queue',
      '- item\n/queue',
      '1. one\n2. two\n\n/queue',
      '> quote\n\n/queue',
      '> quote\n>\n\n/queue',
      '[^1]: a note\n\n/queue',
      '[link]: https://example.com\n\n/queue',
      '<!-- hidden -->\n/queue',
      '<!--\nhidden\n-->\n/queue',
      'text <!-- hidden --> text\n/queue',
      'a `span` here\n/queue',
      'an odd ` backtick\n/queue',
      'an escaped \\` one\n/queue',
      '<details>\n<summary>log</summary>\n\ntext\n\n</details>\n\n/queue',
      '<b>bold</b>\n/queue',
      '<br>\n\n/queue',
      `text\n    continued\n/queue`,
      `    code\n/queue`,
      `\tcode\n/queue`,
      `${fence} a\`b\n/queue`,
      'a < b\n/queue',
      'x <3 y\n/queue',
      `* * *\n/queue`,
      `### Heading\n\n/queue`,
    ],
  },
  'code does not act': {
    nothing: [
      '`/queue`',
      `${fence}\n/queue\n${fence}`,
      `${fence}\n/queue`,
      `${fence}sh\n/queue\n${fence}`,
      `~~~\n/queue\n~~~`,
      `~~~\n${fence}\n/queue\n${fence}\n~~~`,
      `${fence}${fence}\n${fence}\n/queue\n${fence}${fence}`,
      `${fence}\ncode\n  ${fence} not closed\n/queue\n${fence}`,
      `${fence}\ncode\n    ${fence}\n/queue\n${fence}`,
      `${fence}\r\n/queue\r\n${fence}\r\n`,
      `   ${fence}\n/queue\n${fence}`,
      '    /queue',
      '\t/queue',
      'text\n\n    /queue',
      'a `span that\n/queue\nends` here',
      'a ``span with ` that\n/queue\nends`` here',
      `- item\n  ${fence}\n  /queue\n  ${fence}`,
      `> ${fence}\n> /queue\n> ${fence}`,
      `1. step\n   ${fence}\n/queue`.replace('\n/queue', '\n   /queue'),
      '<pre>\n/queue\n</pre>',
      '<pre>\n\n/queue\n\n</pre>',
      '<code>\n/queue\n</code>',
      `text \`<!--\`\n\n${fence}\ncode -->\n/queue\n${fence}`,
      `text\n${fence}\n/queue\n${fence}`,
      `# Log\n${fence}text\n$ run\n/queue\n/merge\n${fence}\nthat is all`,
    ],
  },
  'quotes and mails do not act': {
    nothing: [
      '> /queue',
      '>/queue',
      ' > /queue',
      '> said\n> /queue',
      '> said\n/queue',
      '> said\n\n> /queue',
      '>> /queue',
      '> > said\n/queue',
      '- > said\n/queue',
      '> - said\n/queue',
      '> [!NOTE]\n> /queue',
      'On Fri, Nov 20, 2026 at 3:14 PM someone <someone@example.com> wrote:\n/queue',
      'Thanks!\n\nOn Fri, Nov 20, 2026 someone wrote:\n\n/queue',
      'On Fri, Nov 20, 2026 at 3:14 PM someone\n<someone@example.com> wrote:\n\n/queue',
      'On Fri, Nov 20, 2026 at 3:14 PM\nsomeone <someone@example.com>\nwrote:\n\n/queue',
      'Am 20.11.2026 um 15:14 schrieb someone:\n\n/queue',
      'Am Fr., 20. Nov. 2026 um 15:14 Uhr schrieb someone <someone@example.com>:\n/queue',
      'Le ven. 20 nov. 2026 à 15:14, someone a écrit :\n\n/queue',
      '-----Original Message-----\nFrom: someone\n\n/queue',
      '---------- Forwarded message ---------\n\n/queue',
      '________________________________\n\n/queue',
      'Reply to this email directly, view it on GitHub\n/queue',
      'best regards\n-- \n/queue',
      '<blockquote>\n\n/queue\n\n</blockquote>',
      '<blockquote>\n/queue\n</blockquote>',
    ],
    queue: [
      '/queue\n\nOn Fri, Nov 20, 2026 at 3:14 PM someone <someone@example.com> wrote:\n> something',
      'On Friday we wrote the plan.\n/queue',
      'On my machine it works\n/queue',
    ],
  },
  'what is hidden, or says something else, does not act': {
    nothing: [
      '<!-- /queue -->',
      '<!--\n/queue\n-->',
      '<!--\n/queue',
      'text <!--\n/queue\n-->',
      '[^1]: /queue',
      '[^1]: note\n/queue',
      '[^1]: note\n    /queue',
      '[/queue]: https://example.com',
      '[link]:\n/queue',
      '[link]: https://example.com\n/queue',
      '<details>\n\n/queue\n\n</details>',
      '<details><summary>log</summary>\n\n/queue\n</details>',
      '<details>\n\n/queue',
      '<div>\n/queue\n</div>',
      '<table>\n\n/queue\n\n</table>',
      '<a title="\n/queue\n">x</a>',
      'text <a title="\n/queue\n">x</a>',
      '<script>\n/queue\n</script>',
      '<style>\n\n/queue\n\n</style>',
      '<?php\n/queue\n?>',
      '<![CDATA[\n/queue\n]]>',
      '# /queue',
      '- /queue',
      '* /queue',
      '1. /queue',
      '- [ ] /queue',
      '| /queue | x |',
      '**/queue**',
      '_/queue_',
      '\\/queue',
      'please /queue',
      'see /queue for more',
      '[/queue](https://example.com)',
      '- item\n  /queue',
      '1. step\n   /queue',
      '"/queue"',
      '(/queue)',
      '@tutti /queue',
    ],
  },
  'what a phone adds is forgiven': {
    queue: [
      '/Queue',
      '/QUEUE',
      ' /queue',
      '   /queue',
      '\u00a0/queue',
      '/queue\u00a0',
      '/queue.',
      '/queue,',
      '/Queue. ',
      'Please do.\n  /Queue',
    ],
    merge: ['/Merge', '/Merge.'],
    'merge {"protected":true}': ['/merge\u00a0--protected', '/merge --protected.'],
    status: ['/Status'],
    'pause {"all":true}': ['/Pause all.', '/pause\u00a0all'],
    nothing: ['    /queue', '/queue..', '/queue;', '. /queue', '\u00a0\u00a0\u00a0\u00a0/queue'],
  },
  'only a name in ASCII acts': {
    nothing: [
      '',
      '/',
      '//queue',
      '/ queue',
      '\u200b/queue',
      '\ufeff/queue',
      '\u202e/queue',
      '/\u200bqueue',
      '/que\u200bue',
      '/queue\u200b',
      '/queue\u2028',
      '/qu\u0435ue',
      '/\u051bueue',
      '／queue',
      '⁄queue',
      '∕queue',
      '/ｑｕｅｕｅ',
      '/queue!',
      '/queue:',
      '/queue/merge',
      '/queue()',
      '/123',
      '/-queue',
      '/queue\u0301',
      '/𝗊𝗎𝖾𝗎𝖾',
    ],
    '? queue': ['/quue', '/Quue', '/queu', '/queued', '/qeue'],
    '? merge': ['/merg', '/merged'],
    '? status': ['/state'],
    '? unqueue': ['/unqeue'],
    '? resume': ['/resum', '/resumee'],
    '!': [
      '/queue please',
      '/queue --now',
      '/queue now all',
      '/pause "all"',
      '/pause --all --all',
      '/pause --all=maybe',
      '/pause al',
      '/stop --al',
      '/help a b',
      '/help "a',
      '/help "a"b',
      '/help --command',
      `/help ${'a'.repeat(70)}`,
      `/help ${'a'.repeat(5_000)}`,
      '/help mer\u200bge',
      '/help "mer\u202ege"',
      '/merge \u2014protected',
    ],
  },
  "paths and other bots' commands are passed over": {
    nothing: [
      '/usr/bin',
      '/usr/bin/node does not exist',
      '/etc',
      '/etc/hosts',
      '/tmp',
      '/home/someone',
      '/lgtm',
      '/unassign',
      '/close',
      '/reopen',
      '/retest',
      '/test all',
      '/label bug',
      '/kind feature',
      '/cc @someone',
      '/rebase',
      '/cherry-pick v1',
      '/ok-to-test',
      '/gemini review',
      '/oc fix this',
      '/deploy production',
    ],
  },
}

describe.each(Object.entries(table))('%s', (_, groups) => {
  const cases = Object.entries(groups).flatMap(([expected, bodies]) => bodies.map((body) => ({ body, expected })))
  it.each(cases)('$body → $expected', ({ body, expected }) => {
    expect(outcome(body)).toBe(expected)
  })
})

describe('with a prefix', () => {
  it.each([
    ['/tutti queue', 'queue'],
    ['/tutti  queue ', 'queue'],
    ['/tutti\tqueue', 'queue'],
    ['/tutti pause all', 'pause {"all":true}'],
    ['hello\n/tutti merge --protected', 'merge {"protected":true}'],
    ['/tutti', 'help'],
    ['/tutti ', 'help'],
    ['/tutti quue', '? queue'],
    ['/tutti dance', '? nothing near'],
    ['/tutti /queue', '? nothing near'],
    ['/tutti queue please', '!'],
    ['/queue', 'nothing'],
    ['/merge', 'nothing'],
    ['/Tutti queue', 'queue'],
    ['/tutti Queue.', 'queue'],
    [' /tutti\u00a0queue', 'queue'],
    ['/tuttiqueue', 'nothing'],
    ['/tuttis queue', 'nothing'],
    ['> /tutti queue', 'nothing'],
    ['/queue\n/tutti status', 'status'],
  ])('%j → %s', (body, expected) => {
    expect(outcome(body, '/tutti')).toBe(expected)
  })
})

describe('replies to what was not understood', () => {
  it('name the problem and show examples with the prefix', () => {
    expect(parseCommand('/tutti pause al', '/tutti', commands)).toEqual({
      invalid:
        '`/tutti pause` was not understood: it takes no words, and `al` is one too many. For example: `/tutti pause`, `/tutti pause all`.',
    })
    expect(parseCommand('/stop --al', '', commands)).toEqual({
      invalid:
        '`/stop` was not understood: there is no `--al` (did you mean `--all`?). For example: `/stop`, `/stop --graceful`, `/stop --all --graceful`.',
    })
  })

  it("repeat no markup of the sender's", () => {
    const parsed = parseCommand('/queue `@everyone`', '', commands)
    expect(parsed && 'invalid' in parsed && parsed.invalid).toContain("`'@everyone'`")
  })
})

describe('hostile bodies', () => {
  /** Pieces that open and close everything the reader knows. */
  const pieces = [
    ...['`', '``', fence, '~~~', '> ', '- ', '1. ', '    ', '\t', '\n', '\n\n', '\r\n', '<!--', '-->', '<a ', '>', '"'],
    ...['<details>', '</details>', '<pre>', '[^1]:', '[x]:', '\\', '/queue', 'text', '***', '---', '===', '|', '\0'],
  ]

  it('never hang or throw, and never act from inside a fence that is the only thing in the comment', () => {
    let seed = 20261121
    const random = (below: number) => {
      seed = (seed * 1103515245 + 12345) % 2 ** 31
      return seed % below
    }
    for (let round = 0; round < 3_000; round++) {
      const body = Array.from({ length: 1 + random(40) }, () => pieces[random(pieces.length)]).join('')
      outcome(body)
      const inside = body.replaceAll('`', "'").replaceAll('~', '-')
      expect(outcome(`${fence}\n${inside}\n${fence}`), JSON.stringify(inside)).toBe('nothing')
    }
  })

  it.each([
    ['backticks', '`'.repeat(65_000)],
    ['pairs of backticks', '` '.repeat(32_000)],
    ['growing runs', Array.from({ length: 350 }, (_, n) => '`'.repeat(n + 1)).join(' ')],
    ['openings of comments', '<!--'.repeat(16_000)],
    ['openings of tags', '<a '.repeat(21_000)],
    ['a tag full of blanks', `<a${' '.repeat(64_000)}`],
    ['nested quotes', '>'.repeat(65_000)],
    ['nested lists', '- '.repeat(32_000)],
    ['rules', '* '.repeat(32_000)],
    ['lines', '\n'.repeat(65_000)],
    ['quoted lines', '> a\n'.repeat(16_000)],
    ['details', '<details>\n'.repeat(6_500)],
    ['mail headers', 'On a <a@a\n'.repeat(6_500)],
    ['paragraph lines with odd backticks', 'a ` b\n'.repeat(10_000)],
    ['blanks', `/queue${' '.repeat(64_000)}x`],
  ])('%s are read in a moment', (_, body) => {
    // The processor's time, not the clock's: other programs may be busy. What backtracks takes minutes.
    const before = process.cpuUsage()
    outcome(body)
    outcome(`/a\n${body}\n/b`)
    outcome(`${body}\n\n/queue`)
    const { user, system } = process.cpuUsage(before)
    expect((user + system) / 1_000, 'milliseconds').toBeLessThan(5_000)
  })
})

describe('a command that takes text', () => {
  const text = (name: string, more: { positional?: string[]; flags?: string[] } = {}) =>
    defineCommand({
      name,
      summary: 'Takes text',
      examples: [`/${name}`],
      args: z.strictObject({
        ...Object.fromEntries((more.positional ?? []).map((name) => [name, z.string()])),
        ...Object.fromEntries((more.flags ?? []).map((flag) => [flag, z.boolean().optional()])),
        why: z.string().optional(),
      }),
      positional: (more.positional ?? []) as 'why'[],
      text: 'why',
      permission: 'write',
      where: 'issue',
      reads: true,
      run: async () => ({ text: '', outcome: 'done' as const }),
    })
  const mine = new Map(
    [text('say'), text('drop', { flags: ['now'] }), text('make', { positional: ['what'] })].map((one) => [
      one.name,
      one,
    ]),
  )
  it.each([
    ['/say', {}],
    ['/say it is too slow', { why: 'it is too slow' }],
    ['/say "two words"', { why: 'two words' }],
    ['/say “typed on a phone”', { why: 'typed on a phone' }],
    ['/say "a title"\n\nand more', { why: 'a title\n\nand more' }],
    ['/say "over\ntwo lines"', { why: 'over\ntwo lines' }],
    ['/say a "quoted" word', { why: 'a "quoted" word' }],
    ['/say --not a flag', { why: '--not a flag' }],
    [`Hello\n/say first\n\n${fence}\n/queue\n${fence}\nlast`, { why: `first\n\n${fence}\n/queue\n${fence}\nlast` }],
    ['/say yes\n\nOn Mon, Ann wrote:\n> what?', { why: 'yes' }],
    ['/drop --now no use', { now: true, why: 'no use' }],
    ['/drop no use --now', { why: 'no use --now' }],
    ['/make it "all new"', { what: 'it', why: 'all new' }],
  ])('%s', (body, args) => {
    expect(parseCommand(body, '', mine)).toMatchObject({ args })
  })

  it('refuses a flag that it does not have, and shows its text as an argument', () => {
    expect(parseCommand('/drop --nwo', '', mine)).toMatchObject({ invalid: expect.stringContaining('`--now`') })
    expect(parseCommand('/make', '', mine)).toHaveProperty('invalid')
    expect([...mine.values()].map((one) => commandUsage(one))).toContain('/drop [--now] [<why>]')
  })
})
