/**
 * One table for all that read markdown: where a line counts as a command, as a dependency, and as a line of a roadmap.
 * Commands and dependencies count in the same running text; a command has to start in the first column besides. Tasks
 * count where GitHub shows a task list item, also folded away, but not in quotes.
 */

import { describe, expect, it } from 'vitest'
import { parseCommand } from '../../../src/commands/parse.ts'
import { loadCommands } from '../../../src/commands/registry.ts'
import { dependenciesIn } from '../../../src/domain/dependency-lines.ts'
import { readRoadmap } from '../../../src/domain/roadmap-text.ts'
import { readBlocks } from '../../../src/lib/markdown/blocks.ts'
import { plainLines } from '../../../src/lib/markdown/plain-lines.ts'
import { contentWithout, readMarkdown } from '../../../src/lib/markdown/read-markdown.ts'

const commands = await loadCommands()

/** What counts when `§` is a command, a dependency, and a task: `c`, `d` and `r`, or a dash for each. */
function counted(input: string): string {
  const as = (line: string) => input.replaceAll('§', line)
  const command = parseCommand(as('/queue'), '', commands)
  const isCommand = command !== undefined && 'command' in command && command.command.name === 'queue'
  const isDependency = dependenciesIn(as('Depends on #3'), 'acme/app').some(({ number }) => number === 3)
  const isTask = readRoadmap(as('- [ ] Task'), 'acme/app').lines.some(({ title }) => title === 'Task')
  return `${isCommand ? 'c' : '-'}${isDependency ? 'd' : '-'}${isTask ? 'r' : '-'}`
}

const fence = '```'

const table: Record<string, [input: string, counts: string][]> = {
  paragraphs: [
    ['§', 'cdr'],
    ['\n\n§\n', 'cdr'],
    ['Hello.\n§\nThanks!', 'cdr'],
    ['Hello.\n\n§\n\nThanks!', 'cdr'],
    ['Hello\\\n§', 'cdr'],
    ['Hello  \n§', 'cdr'],
    ['  §', '-dr'],
    ['   §', '-dr'],
    ['Please §', '---'],
    ['"§"', '---'],
    ['**§**', '-d-'],
    ['_§_', '---'],
    ['\\§', '---'],
    ['[§](https://example.com)', '---'],
  ],
  'fenced code': [
    [`${fence}\n§\n${fence}`, '---'],
    [`${fence}\n§`, '---'],
    [`${fence}md\n§\n${fence}`, '---'],
    [`~~~\n§\n~~~`, '---'],
    [`~~~\n§`, '---'],
    [`~~~ ${fence}\n§\n~~~`, '---'],
    [`~~~\n${fence}\n§\n${fence}\n~~~`, '---'],
    [`${fence}\n~~~\n§\n~~~\n${fence}`, '---'],
    [`${fence}${fence}\n${fence}\n§\n${fence}${fence}`, '---'],
    [`${fence}\n${fence} js\n§\n${fence}`, '---'],
    [`${fence}\n    ${fence}\n§\n${fence}`, '---'],
    [`   ${fence}\n§\n   ${fence}`, '---'],
    [`Text\n${fence}\n§\n${fence}`, '---'],
    [`- item\n  ${fence}\n  §\n  ${fence}`, '---'],
    [`- ${fence}\n  §\n  ${fence}`, '---'],
    [`1. item\n\n   ${fence}\n   §`, '---'],
    [`- [ ] Other\n  ${fence}\n  §\n  ${fence}`, '---'],
    [`> ${fence}\n> §\n> ${fence}`, '---'],
    [`${fence}\ncode\n${fence}\n§`, 'cdr'],
    [`${fence}\ncode\n${fence}${fence}\n§`, 'cdr'],
    [`~~~\ncode\n~~~\n\n§`, 'cdr'],
    [`${fence} a\`b ${fence}\n§`, 'cdr'],
    [`> ${fence}\n> code\n\n§`, 'cdr'],
    [`- ${fence}\n  code\n\n§`, 'cdr'],
    [`- item\n  ${fence}\n  code\n  ${fence}\n\n  §`, '-dr'],
  ],
  'indented code': [
    ['    §', '---'],
    ['\t§', '---'],
    ['  \t§', '---'],
    ['Text\n\n    §', '---'],
    ['# Title\n    §', '---'],
    ['- item\n\n      §', '---'],
    ['-     §', '---'],
    ['    code\n§', 'cdr'],
    ['    code\n\n    code\n\n§', 'cdr'],
    // Without a blank line between them it goes on with the paragraph.
    ['Text\n    §', '-d-'],
  ],
  'inline code': [
    ['`§`', '---'],
    ['``§``', '---'],
    ['a `span\n§\nends` here', '--r'],
    ['a ``span ` \n§\nends`` here', '--r'],
    ['a `span` here\n§', 'cdr'],
    ['an odd ` backtick\n§', 'cdr'],
    ['an odd `` pair and one `\n§', 'cdr'],
    ['an escaped \\` one\n§\nand ` one', 'cdr'],
    ['a `span\n\n§\n\nends` not', 'cdr'],
    ['`<details>` folds\n\n§', 'cdr'],
    ['`<!--` begins a comment\n§', 'cdr'],
    ['`a\n<pre>\nb`\n\n§', '---'],
  ],
  'HTML blocks': [
    ['<pre>\n§\n</pre>', '---'],
    ['<pre>\n\n§\n\n</pre>', '---'],
    ['<pre>\n\n§', '---'],
    ['Text <pre>\n\n§\n\n</pre>', '---'],
    ['<blockquote>\n§\n</blockquote>', '---'],
    ['<blockquote>\n\n§\n\n</blockquote>', '---'],
    ['<BLOCKQUOTE>\n\n§\n\n</BLOCKQUOTE>', '---'],
    ['<blockquote cite="a>b">\n\n§', '---'],
    ['<blockquote>\n\n<blockquote>\n\n</blockquote>\n\n§\n\n</blockquote>', '---'],
    ['<details>\n§\n</details>', '---'],
    ['<details>\n\n§\n\n</details>', '--r'],
    ['<details open>\n<summary>More</summary>\n\n§\n\n</details>', '--r'],
    ['<details><summary>More</summary>\n\n§', '--r'],
    ['<details>\n\n<blockquote>\n\n§\n\n</blockquote>\n\n</details>', '---'],
    ['<details>\n\n</pre>\n\n§\n\n</details>', '--r'],
    ['<details>\n\n`</details>`\n\n§', '--r'],
    ['<details>\n\n<!-- </details> -->\n\n§', '--r'],
    ['<table><tr><td>\n\n§\n\n</td></tr></table>', '---'],
    ['<template>\n\n§\n\n</template>', '---'],
    ['<script>\n§\n</script>', '---'],
    ['<style>\n\n§\n\n</style>', '---'],
    ['<textarea>\n\n§\n\n</textarea>', '---'],
    ['<div>\n§\n</div>', '---'],
    ['<code>\n§\n</code>', '---'],
    ['a <code>\n§\n</code>', '--r'],
    ['a <code> that is not closed\n\n§', 'cdr'],
    ['<?php\n§\n?>', '---'],
    ['<![CDATA[\n\n§\n]]>', '---'],
    ['<!DOCTYPE\n§\n>', '---'],
    ['<a title="\n§\n">x</a>', '--r'],
    ['text <a title="x>\n§\n">y</a>', '--r'],
    ['text <a title="x>\n\n§', 'cdr'],
    ['a < b\n§\nc > d', 'cdr'],
    ['<div>\n\n§\n\n</div>', 'cdr'],
    ['<b>bold</b>\n§', 'cdr'],
    ['<br>\n\n§', 'cdr'],
    ['<pre>code</pre>\n§', 'cdr'],
    ['<details>\n\ntext\n\n</details>\n\n§', 'cdr'],
    ['<details>\n\n<pre>\n</pre>\n\n</details>\n\n§', 'cdr'],
    ['- <details>\n\n  §', '--r'],
    ['- <details>\n\n§', 'cdr'],
    ['> <blockquote>\n\n§', 'cdr'],
    ['</details>\n\n§', 'cdr'],
  ],
  comments: [
    ['<!-- § -->', '---'],
    ['<!--\n§\n-->', '---'],
    ['<!--\n\n§\n\n-->', '---'],
    ['<!--\n§', '---'],
    ['<!--\n\n§', '---'],
    ['  <!--\n§', '---'],
    ['text <!--\n§\n-->', '--r'],
    ['<div><!--\n\n§\n\n--></div>', '---'],
    ['<div><!--\n\ntext -->\n\n§', '---'],
    ['<div><!--\n\n<div>-->\n\n§', 'cdr'],
    ['- <!--\n\n§', '---'],
    ['text <!-- that is not closed\n§', 'cdr'],
    ['<!-->\n§', 'cdr'],
    ['<!-- hidden -->\n§', 'cdr'],
    ['<!-- <details> -->\n\n§', 'cdr'],
    ['<!-- <pre>\n-->\n\n§', 'cdr'],
    ['text <!-- hidden --> text\n§', 'cdr'],
    [`${fence}\n<!--\n${fence}\n§`, 'cdr'],
    ['    <!--\n§', 'cdr'],
  ],
  quotes: [
    ['> §', '---'],
    ['>§', '---'],
    ['   > §', '---'],
    ['>\t§', '---'],
    ['> > §', '---'],
    ['> - §', '---'],
    ['- > §', '---'],
    ['> [!NOTE]\n> §', '---'],
    ['> said\n>\n> §', '---'],
    // A task list item ends the quote, so it is the author's.
    ['> said\n§', '--r'],
    ['> > said\n§', '--r'],
    ['- > said\n§', '--r'],
    ['> - said\n§', '--r'],
    ['> said\n  §', '--r'],
    ['> said\nmore\n§', '--r'],
    ['> said\n\n§', 'cdr'],
    ['>\n§', 'cdr'],
    ['> # said\n§', 'cdr'],
    [`${'> '.repeat(60)}said\n§`, '--r'],
    [`${'- '.repeat(55)}> said\n§`, '--r'],
  ],
  'quoted mail': [
    ['Yes.\n\nOn Fri, 20 Nov 2026, Ann <ann@example.com> wrote:\n> §', '---'],
    ['Yes.\n\nOn Fri, 20 Nov 2026, Ann <ann@example.com> wrote:\n\n> said\n\n> §', '---'],
    // A roadmap is a document: what is not marked as a quote is its own.
    ['Yes.\n\nOn Fri, 20 Nov 2026, Ann <ann@example.com> wrote:\n\n§', '--r'],
    ['On Fri, 20 Nov 2026 at 3:14 PM Ann\n<ann@example.com> wrote:\n\n§', '--r'],
    ['Am 20.11.2026 um 15:14 schrieb Ann:\n\n§', '--r'],
    ['-----Original Message-----\n\n§', '--r'],
    ['________________________________\n\n§', '--r'],
    ['§\n\nOn Fri, 20 Nov 2026, Ann <ann@example.com> wrote:\n> yes', 'cdr'],
    ['On Friday we wrote the plan.\n§', 'cdr'],
    // These say themselves where they end.
    [`${fence}\nAuthor: Ann <ann@example.com>:\n________________________________\n${fence}\n§`, 'cdr'],
    ['> On Fri, Ann <ann@example.com> wrote:\n\n§', 'cdr'],
    ['> Ann <ann@example.com> wrote:\n\n§', 'cdr'],
  ],
  lists: [
    ['- §', '-dr'],
    ['* §', '-dr'],
    ['+ §', '-dr'],
    ['1. §', '-dr'],
    ['7) §', '-dr'],
    ['- [ ] §', '-d-'],
    ['* [x] §', '-d-'],
    ['1. [X] §', '-d-'],
    ['- item\n  - [ ] §', '-d-'],
    ['- [ ] Other\n  - [ ] §', '-d-'],
    ['- [ ] Other\n    - §', '-d-'],
    ['- [ ] Other\n§', 'cdr'],
    ['- [ ] Other\n\n§', 'cdr'],
    ['- - §', '-dr'],
    ['- item\n  §', '-dr'],
    ['- item\n  - §', '-dr'],
    ['- item\n    - §', '-dr'],
    ['- item\n\t- §', '-dr'],
    ['- item\n  - item\n    - §', '-dr'],
    ['- item\n\n  §', '-dr'],
    ['- item\n\n    §', '-dr'],
    ['10. item\n\n    §', '-dr'],
    ['1.  item\n\n    §', '-dr'],
    ['-\titem\n\n\t§', '-dr'],
    ['- item\n  - item\n\n    §', '-dr'],
    ['- item\n§', 'cdr'],
    ['- item\n\n§', 'cdr'],
    ['1. item\n§', 'cdr'],
    ['-\n  §', '-dr'],
    ['-\n\n  §', '-dr'],
    // The task that a line belongs to comes first; further in, only the names of issues are parts.
    ['- [ ] Other\n\n  §', '-d-'],
    ['- [ ] Other\n\n      §', '---'],
    ['Text\n2. §', '---'],
  ],
  tables: [
    ['| § |\n|---|\n| x |', '---'],
    ['| x |\n|---|\n| § |', '---'],
    ['a | b\n--|--\n§', '--r'],
    ['§ | x\n--|--\na | b', '---'],
    ['| a | b |\n|---|---|\n| 1 | 2 |\n\n§', 'cdr'],
    ['| a | b |\n|---|\n§', 'cdr'],
    ['a | b\n--|--\n> said\n\n§', 'cdr'],
  ],
  'footnotes and definitions': [
    ['[^1]: §', '---'],
    ['[^1]: note\n§', '--r'],
    ['[^1]: note\n\n    §', '---'],
    ['[^1]: note\n\n§', 'cdr'],
    ['[link]: https://example.com\n§', '--r'],
    ['[link]: https://example.com\n\n§', 'cdr'],
    ['Text[^1]\n§', 'cdr'],
  ],
  headings: [
    ['# §', '---'],
    ['# Title\n§', 'cdr'],
    ['### Title ###\n\n§', 'cdr'],
    ['#Title\n§', 'cdr'],
    ['Title\n=====\n§', 'cdr'],
    ['Title\n---\n§', 'cdr'],
    // People mean a rule as often as a heading.
    ['§\n---', 'cdr'],
    ['§\n===', 'cdr'],
    ['---\n§', 'cdr'],
    ['* * *\n§', 'cdr'],
  ],
  'line ends and tabs': [
    ['Hello\r\n§\r\nthanks', 'cdr'],
    ['Hello\r§\rthanks', 'cdr'],
    [`${fence}\r\n§\r\n${fence}\r\n`, '---'],
    ['> said\r\n§', '--r'],
    ['<!--\r\n§\r\n-->', '---'],
    ['Hello\r\n\r\n\t§', '---'],
    ['§\t', 'cdr'],
    ['§ ', 'cdr'],
  ],
  'characters that cannot be seen': [
    ['\u200b§', '---'],
    ['\u202e§', '---'],
    ['\u2066§\u2069', '---'],
    ['\0§', '---'],
    ['a\0b\n§', 'cdr'],
    // A byte order mark belongs to a file. Commands stay exact.
    ['\ufeff§', '-dr'],
    ['a\u2028§', '---'],
    ['\u00a0§', '-d-'],
  ],
  'very long lines': [
    [`${'x'.repeat(100_000)}\n§`, 'cdr'],
    [`${'x '.repeat(50_000)}§`, '---'],
    [`<a ${'b '.repeat(50_000)}>\n§`, '---'],
    [`text <a b="${'c '.repeat(50_000)}\n§\n">`, '--r'],
    [`text <a ${'b '.repeat(50_000)}\n§\n>`, 'cdr'],
    [`${'`'.repeat(100_000)}\n§`, '---'],
    [`a ${'`'.repeat(100_000)}\n§`, 'cdr'],
  ],
}

describe.each(Object.entries(table))('%s', (_, rows) => {
  it.each(rows)('%j: %s', (input, counts) => {
    expect(counted(input)).toBe(counts)
  })
})

describe('blocks', () => {
  it('say of each line what it is, and what is in it', () => {
    const lines = readBlocks('# One #\n\n> 1. two\nthree\n\n\t- [ ] four\nfive\n----\n| a |\n|---|\n***')
    expect(lines.map(({ kind, content }) => [kind, content])).toEqual([
      ['heading', '# One #'],
      ['blank', ''],
      ['paragraph', 'two'],
      ['paragraph', 'three'],
      ['blank', ''],
      ['code', '    - [ ] four'],
      ['paragraph', 'five'],
      ['underline', '----'],
      ['table', '| a |'],
      ['table', '|---|'],
      ['rule', '***'],
    ])
    expect(lines.flatMap(({ heading }) => heading ?? [])).toEqual([
      { level: 1, title: 'One' },
      { level: 2, title: 'five' },
    ])
    expect(lines[3]?.container?.parent?.kind).toBe('quote')
  })

  it('have the column at which the content of their list items starts', () => {
    const lines = readBlocks('- a\n\n  10. b\n\n      - c')
    expect(lines.map(({ opens }) => opens?.column)).toEqual([2, undefined, 6, undefined, 8])
  })
})

describe('inline markup', () => {
  it.each([
    ['a `b` c', 'a  c'],
    ['a ``b ` c`` d', 'a  d'],
    ['a <!-- b --> c <!--> d', 'a  c  d'],
    ['a <b c="d>e" f> g </b > h', 'a  g  h'],
    ['a <b c="d> e', 'a <b c="d> e'],
    ['a \\`b\\` \\<b> c', 'a \\`b\\` \\<b> c'],
    ['a <? b ?> c <!D e> f <![CDATA[ g ]]> h', 'a  c  f  h'],
    ['`<!--` a `-->`', ' a '],
    ['<a `> b` c', '<a  c'],
  ])('%j is shown as %j', (text, shown) => {
    const [line] = readMarkdown(text)
    expect(line && contentWithout(line, ['code', 'comment', 'tag'])).toBe(shown)
  })
})

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
        ...['`', '` ', '<!--', '<div><!--', '-->', '<a ', `<a b='<a b="`, '</a ', '<code>', '<?', '<!a', '<![CDATA['],
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

  const small = 62_500
  const times = 16
  /** Below this, in milliseconds, the processor's clock is too coarse to compare. */
  const coarse = 25

  it.each(Object.entries(texts))('%s: a megabyte is as much work as sixteen times 62 kB', (_, make) => {
    const [short, long] = [make(small), make(small * times)]
    read(short)
    const four = worked(() => {
      for (let round = 0; round < 4; round++) read(short)
    })
    const one = worked(() => read(long))
    // Where the work grows with the square of the length, it is 16 times as much.
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
