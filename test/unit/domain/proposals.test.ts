import { expect, test } from 'vitest'
import { newProposals, type Proposal, proposalsShape, storedProposals } from '../../../src/domain/proposals.ts'

const proposal = (title: string, dependsOn: number[] = []): Proposal => ({
  ...{ title, why: 'Because.', size: 'S', risk: 'low', dependsOn },
  source: { kind: 'code', text: 'src/a.ts' },
})

test.each<[string, Proposal[], string[]]>([
  ['all are new', [proposal('One'), proposal('Two')], ['One', 'Two']],
  ['one is an open issue, written differently', [proposal('say  Hello!'), proposal('Two')], ['Two']],
  ['one comes twice', [proposal('Two'), proposal('two.')], ['Two']],
  ['none is new', [proposal('Say hello')], []],
])('%s', (_, proposed, titles) => {
  const known = [{ issueNumber: 3, title: 'Say hello' }]
  expect(newProposals(proposed, known).map(({ title }) => title)).toEqual(titles)
})

test('a proposal depends on known issues alone, each once', () => {
  const [one] = newProposals([proposal('One', [4, 3, 3, 99])], [{ issueNumber: 3, title: 'Say hello' }])
  expect(one?.dependsOn).toEqual([3])
})

test('what does not fit is refused, and more than the settings allow', () => {
  const three = ['One', 'Two', 'Three'].map((title) => proposal(title))
  expect(proposalsShape(3).safeParse({ proposals: three }).success).toBe(true)
  expect(proposalsShape(2).safeParse({ proposals: three }).error?.issues[0]?.message).toMatch(/^at most 2 proposals/)
  for (const wrong of [{ size: 'huge' }, { title: '' }, { why: 'x'.repeat(2_001) }, { label: 'tutti' }])
    expect(proposalsShape(5).safeParse({ proposals: [{ ...proposal('One'), ...wrong }] }).success).toBe(false)
  expect(storedProposals({ proposals: three })).toHaveLength(3)
  expect(storedProposals({ findings: [] })).toBeUndefined()
})
