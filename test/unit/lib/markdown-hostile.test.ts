/** Texts made to keep a reader of markdown busy: the work grows with their length, not with its square. */

import { describe, expect, it } from 'vitest'
import { dependenciesIn } from '../../../src/domain/dependency-lines.ts'
import { readRoadmap } from '../../../src/domain/roadmap-text.ts'
import { plainLines } from '../../../src/lib/markdown/plain-lines.ts'
import { readMarkdown } from '../../../src/lib/markdown/read-markdown.ts'

describe('hostile texts', () => {
  const repeated = (piece: string) => (size: number) => piece.repeat(Math.ceil(size / piece.length)).slice(0, size)
  const around = (before: string, piece: string, after: string) => (size: number) =>
    before + repeated(piece)(size - before.length - after.length) + after

  function growing(size: number): string {
    const runs: string[] = []
    for (let length = 1, left = size; left > 0; length++, left -= length) runs.push('`'.repeat(length))
    return runs.join(' ')
  }

  function stairs(size: number): string {
    const lines: string[] = []
    for (let left = size; left > 0; left -= lines.at(-1)?.length ?? 0)
      lines.push(`${'  '.repeat(lines.length % 60)}- [ ] a\n`)
    return lines.join('')
  }

  const texts: Record<string, (size: number) => string> = {
    'growing runs of backticks': growing,
    'nested lists': stairs,
    'a tag full of blanks': around('<a', ' ', ''),
    'a tag without an end': around('text <a', ' b="c"', ''),
    'comments without an end': around('a ', '<!--', ''),
    'declarations without an end': around('a ', '<!a <? <![CDATA[', ''),
    'a lone tag with many attributes': around('<a', " b='c'", '>'),
    'a deep quote with lazy lines': around(`${'> '.repeat(60)}a\n`, 'b\n', ''),
    'a dependency on a long name': around('Depends on ', 'a', ''),
    'a task with a long name': around('- [ ] ', 'a', ''),
    'a table with many cells': (size) => `${repeated('|a')(size / 2)}\n${repeated('|-')(size / 2)}`,
    'a long heading above many tasks': (size) => `# ${repeated('a ')(size / 2)}\n${repeated('- [ ] a\n')(size / 2)}`,
    'tasks that each depend on a heading': (size) =>
      `# A\n${numbered('- [ ] ', '')(size / 2)}# B\n${numbered('- [ ] b', ' (depends on: "A")')(size / 2)}`,
    'tasks that each depend on another': (size) =>
      `${numbered('- [ ] ', '')(size / 2)}${numbered('- [ ] ', ' too (depends on: "1")')(size / 2)}`,
    'tasks of one title': (size) =>
      `${numbered('# ', '\n- [ ] a')(size / 2)}${numbered('- [ ] ', ' (depends on: "a")')(size / 2)}`,
    ...Object.fromEntries(
      [
        ...[
          '`',
          '` ',
          '<!--',
          '<div><!--',
          '-->',
          '<a ',
          `<a b='<a b="`,
          ` b="<a c='" d=' " <a e='`,
          '</a ',
          '<code>',
          '<?',
          '<!a',
          '<![CDATA[',
        ],
        ...['>', '> ', '> a\n', '- ', '-\t', '1. ', '* ', '* * * x\n', '# ', '#', '# # #\n', '    a\n\n', '\t', '\r'],
        ...['\n', 'a\n', 'a\n=\n', 'a ` b\n', '```\n', '~~~~ ', '<b>\n\n', '<details>\n', '<details>\n\n</pre>\n\n'],
        ...[
          '[',
          '](',
          '[a](',
          '![',
          '[^a]: ',
          '[a]: b\n',
          '|',
          'a|b\n-|-\n',
          '\\',
          '\0',
          '&amp;',
          '*a ',
          '(depends on ',
        ],
        ...['On a <a@a\n', 'On a wrote\n', `${'<a@'.repeat(190)}:\n`, `On ${'wrote '.repeat(90)}x:\n`],
        ...[
          'Depends on #1\n',
          'a/a#',
          'https://a/',
          '- [ ] (depends on: "',
          '- [ ] [effort: \n',
          '- [ ] a\n  <!-- a\n',
        ],
      ].map((piece) => [JSON.stringify(piece.slice(0, 30)), repeated(piece)]),
    ),
  }

  function numbered(before: string, after: string): (size: number) => string {
    return (size) => {
      const lines: string[] = []
      for (let left = size; left > 0; left -= lines.at(-1)?.length ?? 0)
        lines.push(`${before}${lines.length}${after}\n`)
      return lines.join('')
    }
  }

  function read(text: string): void {
    // A command is read from the same lines as a dependency.
    dependenciesIn(text, 'acme/app')
    readRoadmap(text, 'acme/app')
  }

  /** What this thread has worked in `work`, in milliseconds: other programs, and the collector's threads, do not count. */
  function worked(work: () => void): number {
    const before = process.threadCpuUsage()
    work()
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1_000
  }

  const small = 16_000
  const times = 8
  /** Below this, in milliseconds, the processor's clock is too coarse to compare. */
  const coarse = 25

  it.each(Object.entries(texts))('%s: 128 kB are as much work as eight times 16 kB', (_, make) => {
    const [short, long] = [make(small), make(small * times)]
    read(short)
    const four = worked(() => {
      for (let round = 0; round < 4; round++) read(short)
    })
    const one = worked(() => read(long))
    // Where the work grows with the square of the length, it is 8 times as much.
    expect(one).toBeLessThan(4 * Math.max((four * times) / 4, coarse))
  })

  it('are kept in memory as slices: no more lines, spans and containers than characters', () => {
    for (const make of Object.values(texts)) {
      const text = make(small)
      const lines = readMarkdown(text)
      const spans = lines.reduce((sum, line) => sum + line.spans.length, 0)
      const containers = new Set(lines.map((line) => line.container)).size
      expect(lines.length + spans + containers).toBeLessThanOrEqual(2 * text.length + 2)
    }
  })

  it('leave every line where it was', () => {
    for (const make of Object.values(texts)) {
      const text = make(5_000)
      const written = readMarkdown(text).map((line) => line.text)
      expect(written).toEqual(text.split(/\r\n|\n|\r/))
      for (const line of plainLines(text)) expect(written).toContain(line.text)
    }
  })
})
