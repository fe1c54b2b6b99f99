import { describe, expect, it } from 'vitest'
import { isContentRefusal, readRefusal } from '../../../src/domain/push-refusal.ts'

const hook = '[remote rejected] (pre-receive hook declined)'
const rules = '[remote rejected] (push declined due to repository rule violations)'
const gh013 = (rule: string) =>
  `remote: error: GH013: Repository rule violations found for refs/heads/module/issue-1.\nremote: Review all repository rules at https://github.com/acme/app/rules\nremote: \nremote: - ${rule}`

describe('a refusal of the server', () => {
  it.each([
    ['secret', rules, gh013('GITHUB PUSH PROTECTION\nremote:   ————————\nremote:     - Push cannot contain secrets')],
    [
      'size',
      hook,
      "remote: error: GH001: Large files detected.\nremote: error: File big.bin is 120.00 MB; this exceeds GitHub's file size limit of 100.00 MB",
    ],
    ['forbidden-file', rules, gh013('File path is restricted: secrets/key.pem')],
    ['signatures', rules, gh013('Commits must have verified signatures.')],
    [
      'signatures',
      '[remote rejected] (protected branch hook declined)',
      'remote: error: GH006: Protected branch update failed for refs/heads/main.\nremote: error: Commits must have verified signatures.',
    ],
    ['linear-history', rules, gh013('This branch must not contain merge commits.')],
    ['protected-branch', rules, gh013('Changes must be made through a pull request.')],
    ['protected-branch', rules, gh013('Cannot create ref due to creations being restricted.')],
    [
      'permission',
      hook,
      'remote: refusing to allow a GitHub App to create or update workflow `.github/workflows/ci.yml` without `workflows` permission',
    ],
    ['permission', hook, 'remote: This repository was archived so it is read-only.'],
    [
      'blocked-name',
      "[remote rejected] (cannot lock ref 'refs/heads/module/issue-1': 'refs/heads/module' exists; cannot create 'refs/heads/module/issue-1')",
      '',
    ],
    ['rule', hook, 'remote: Commit message must match a pattern'],
    ['rule', hook, ''],
  ])('is %s', (kind, summary, words) => {
    expect(readRefusal(summary, words)).toMatchObject({ kind })
  })

  it.each([
    ['[remote rejected] (Internal Server Error)', ''],
    ['[remote rejected] (failure)', ''],
    [hook, 'remote: Service temporarily unavailable, try again'],
    ['[remote rejected] (unpacker error)', ''],
  ])('that passes by itself is none: %s', (summary, words) => {
    expect(readRefusal(summary, words)).toBeUndefined()
  })

  it('goes to the agent where files are the matter', () => {
    const content = (rule: string) => isContentRefusal(readRefusal(rules, gh013(rule)) ?? { kind: 'rule', words: '' })
    expect(content('Push cannot contain secrets')).toBe(true)
    expect(content('Commits must have verified signatures.')).toBe(false)
  })

  it('is reported without rulers and control characters, and bounded', () => {
    const words = readRefusal(
      rules,
      `remote: \u001b[31mNo\u202e\nremote: ——————\nremote:\nremote: ${'x'.repeat(9_000)}`,
    )?.words
    for (const sign of ['\u001b', '\u202e', '—']) expect(words).not.toContain(sign)
    expect(words?.length).toBeLessThan(3_100)
  })
})
