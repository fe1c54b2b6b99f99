/** How long a token for git is used, and when another one is asked for. */

import { expect, test } from 'vitest'
import { GitTokens, reuseForMs, type TokenRequest } from '../../../src/github/git-tokens.ts'

const wish: TokenRequest = { installationId: 1, githubId: 5, need: 'read' }

/** Mints `token 1`, `token 2` and so on. */
function setUp(reuseMs = reuseForMs) {
  const minted: TokenRequest[] = []
  const clock = { ms: 1_000 }
  const problems: Error[] = []
  const mint = async (wanted: TokenRequest) => {
    const problem = problems.shift()
    if (problem) throw problem
    return { token: `token ${minted.push(wanted)}`, reuseMs }
  }
  return { tokens: new GitTokens(mint, () => clock.ms), minted, clock, problems }
}

test('one is used for everything that the same repository needs, until shortly before its hour is over', async () => {
  const { tokens, clock } = setUp()
  expect(await Promise.all([tokens.get(wish), tokens.get(wish)])).toEqual(['token 1', 'token 1'])
  clock.ms += 49 * 60_000
  expect(await tokens.get(wish)).toBe('token 1')
  clock.ms += 60_000
  expect(await tokens.get(wish)).toBe('token 2')
})

test('another repository, another installation and another need get their own', async () => {
  const { tokens, minted } = setUp()
  const wishes: TokenRequest[] = [
    { ...wish, githubId: 6 },
    { ...wish, installationId: 2 },
    { ...wish, need: 'write' },
  ]
  await tokens.get(wish)
  for (const other of wishes) await tokens.get(other)
  expect(minted).toEqual([wish, ...wishes])
})

test('one that was refused is not used again, and those who were refused together share the next', async () => {
  const { tokens, clock } = setUp()
  await tokens.get(wish)
  clock.ms += 60_000
  const refused = () => tokens.get(wish, 'token 1')
  expect(await Promise.all([refused(), refused()])).toEqual(['token 2', 'token 2'])
  // One that comes late with the first is given the present one, as everybody is.
  expect(await Promise.all([refused(), tokens.get(wish)])).toEqual(['token 2', 'token 2'])
})

test('one that is new and refused is not asked for again: GitHub gives no other', async () => {
  const { tokens, minted } = setUp()
  const token = await tokens.get(wish)
  expect(await tokens.get(wish, token)).toBe(token)
  expect(minted).toHaveLength(1)
})

test('a failure is not kept', async () => {
  const { tokens, problems } = setUp()
  problems.push(new Error('502'))
  await expect(Promise.all([tokens.get(wish), tokens.get(wish)])).rejects.toThrow('502')
  expect(await tokens.get(wish)).toBe('token 1')
})

test('one that may do less than the app is used for a shorter time', async () => {
  const { tokens, clock } = setUp(300_000)
  await tokens.get(wish)
  clock.ms += 300_000
  expect(await tokens.get(wish)).toBe('token 2')
})
