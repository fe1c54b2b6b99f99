/** What the markdown reader says of single lines: their kind, their containers, and their inline markup. */

import { describe, expect, it } from 'vitest'
import { readBlocks } from '../../../src/lib/markdown/blocks.ts'
import { contentWithout, readMarkdown } from '../../../src/lib/markdown/read-markdown.ts'

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
