import { join } from 'node:path'
import type { RequestPermissionRequest } from '@agentclientprotocol/sdk'
import { describe, expect, it } from 'vitest'
import { insideRoots, readingOnly } from '../../../src/agents/drivers/permission-requests.ts'
import { bench } from '../../support/agent-bench.ts'

const decide = insideRoots(['/tree', '/home/run/'])

const options: RequestPermissionRequest['options'] = [
  { optionId: 'A', name: 'Always', kind: 'allow_always' },
  { optionId: 'a', name: 'Once', kind: 'allow_once' },
  { optionId: 'N', name: 'Never', kind: 'reject_always' },
  { optionId: 'n', name: 'No', kind: 'reject_once' },
]

function request(toolCall: Partial<RequestPermissionRequest['toolCall']>): RequestPermissionRequest {
  return { sessionId: 's', toolCall: { toolCallId: 't', ...toolCall }, options }
}

const at = (path: string) => ({ locations: [{ path }] })
const diff = (path: string) => ({ content: [{ type: 'diff' as const, path, newText: '' }] })

describe('the default permission policy', () => {
  it.each([
    ['an edit inside', { kind: 'edit' as const, ...at('/tree/src/a.ts') }],
    ['the root itself', { kind: 'read' as const, ...at('/tree') }],
    ['a relative path', { kind: 'edit' as const, rawInput: { file_path: 'src/a.ts' } }],
    ['a way out and back in', { kind: 'edit' as const, ...at('/tree/../tree/a.ts') }],
    ["the run's own home", { kind: 'edit' as const, ...at('/home/run/notes') }],
    ['a command that names no path', { kind: 'execute' as const, rawInput: { command: 'npm test' } }],
    ['a command in a folder inside', { kind: 'execute' as const, rawInput: { command: 'ls', cwd: '/tree/src' } }],
    ['a call without a kind', {}],
  ])('allows %s, once', (_name, toolCall) => {
    expect(decide(request(toolCall))).toMatchObject({ allowed: true, optionId: 'a' })
  })

  it.each([
    ['a neighbour with the same beginning', at('/tree-of-others/a')],
    ['a way out', at('/tree/../etc/passwd')],
    ['a relative way out', { rawInput: { path: '../../etc/passwd' } }],
    ['an absolute path in the raw input', { rawInput: { file_path: '/etc/passwd' } }],
    ['a diff outside', diff('/root/.bashrc')],
    ['one bad location among good ones', { locations: [{ path: '/tree/a' }, { path: '/etc/shadow' }] }],
    ['a command elsewhere', { kind: 'execute' as const, rawInput: { command: 'ls', cwd: '/' } }],
    ["someone's home", at('~/.ssh/id_ed25519')],
    ['a path with a NUL', at('/tree/a\0b')],
    ['a mode without questions', { kind: 'switch_mode' as const }],
  ])('refuses %s, once', (_name, toolCall) => {
    expect(decide(request(toolCall))).toMatchObject({ allowed: false, optionId: 'n' })
  })

  it('takes what is offered, and cancels when nothing fits', () => {
    const offer = (kinds: string[]) =>
      decide({ ...request({}), options: options.filter((option) => kinds.includes(option.kind)) })
    expect(offer(['allow_always'])).toMatchObject({ allowed: true, optionId: 'A' })
    expect(offer(['reject_once'])).toMatchObject({ allowed: false, optionId: undefined })
    expect(offer([])).toMatchObject({ allowed: false, optionId: undefined })
  })

  it('answers a real agent, and what it said is seen', async () => {
    const { cwd, script, updates } = await bench()
    const outcome = await script('ask edit src/a.ts\nask edit /etc/passwd\nask switch_mode\nsay done')
    expect(outcome.kind).toBe('finished')
    const said = updates.flatMap((update) => (update.kind === 'text' ? [update.text] : [])).join('')
    expect(said).toContain('permission for edit src/a.ts: yes')
    expect(said).toContain('permission for edit /etc/passwd: no')
    expect(said).toContain('permission for switch_mode: no')
    expect(updates).toContainEqual({
      kind: 'permission',
      title: 'edit /etc/passwd',
      allowed: false,
      reason: '/etc/passwd is outside of the workspace',
    })
    expect(updates).toContainEqual(expect.objectContaining({ title: 'edit src/a.ts', allowed: true }))
    expect(join(cwd, 'src/a.ts')).toContain(cwd)
  })
})

describe('the policy for agents that plan', () => {
  const decideReading = readingOnly(['/tree'])
  const run = (command: string) => ({ kind: 'execute' as const, rawInput: { command } })

  it.each([
    ['reading a file', { kind: 'read' as const, ...at('/tree/src/a.ts') }],
    ['searching', { kind: 'search' as const }],
    ['calling a tool of ours', { kind: 'other' as const, title: 'submit_plan' }],
    ['looking at the history', run('git log --oneline -5')],
    ['listing', run('ls -la src')],
    ['searching by a command', run("grep -rn 'needle' src")],
    ['a command that only its title names', { kind: 'execute' as const, title: 'cat README.md' }],
  ])('allows %s', (_name, toolCall) => {
    expect(decideReading(request(toolCall)).allowed).toBe(true)
  })

  it.each([
    ['an edit', { kind: 'edit' as const, ...at('/tree/src/a.ts') }],
    ['a deletion', { kind: 'delete' as const, ...at('/tree/src/a.ts') }],
    ['a move', { kind: 'move' as const }],
    ['reading outside', { kind: 'read' as const, ...at('/etc/passwd') }],
    ['another mode', { kind: 'switch_mode' as const }],
    ['any other command', run('npm test')],
    ['a command without words', { kind: 'execute' as const }],
    ['a second command', run('ls; rm -rf src')],
    ['a command in a command', run('cat $(touch x)')],
    ['a command by a new line', run('ls\nrm -rf src')],
    ['writing by redirection', run('cat a > b')],
    ['writing by an option of git', run('git log --output=src/a.ts')],
    ['a program of the settings of git', run('git show --ext-diff')],
    ['git that writes', run('git commit -am x')],
    ['a word that only begins alike', run('lsof')],
  ])('refuses %s', (_name, toolCall) => {
    expect(decideReading(request(toolCall)).allowed).toBe(false)
  })
})
