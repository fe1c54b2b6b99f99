import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { loadAgents } from '../../src/agents/registry.ts'
import { kindOf, scratch } from '../support/agent-bench.ts'
import { scriptedAgentFile } from '../support/scripted-agent.ts'

const agents = await loadAgents({ files: [scriptedAgentFile] })

/** No run may ever see these, whatever an agent would like: GitHub's and the database's keys, and ours. */
const forbidden = /GITHUB|(^|_)GH_|GHE_|DATABASE|POSTGRES|PGPASS|PRIVATE_KEY|WEBHOOK|APP_ID|NATS|SSH_|NPM_TOKEN/

describe('the socket for agents', () => {
  it('has the kinds that are promised', () => {
    expect([...agents.keys()]).toEqual(['claude-code', 'codex', 'command', 'gemini', 'opencode', 'scripted'])
  })

  describe.each([...agents.values()])('$id', (kind) => {
    it('says how to start it, as words and never as a shell line', () => {
      const command = kind.start({ command: ['my-agent', '--flag', 'two words'], model: 'some-model' })
      expect(command?.file).toBe('my-agent')
      expect(command?.args).toEqual(['--flag', 'two words'])
      const builtIn = kind.start({})
      if (kind.id === 'command') expect(builtIn).toBeUndefined()
      else expect(builtIn?.file).toMatch(/^\S+$/)
    })

    it('asks for no credential that is not its own', () => {
      const names = [...kind.env, ...Object.keys(kind.fixedEnv), ...Object.keys(kind.start({ model: 'm' })?.env ?? {})]
      expect(names.filter((name) => forbidden.test(name))).toEqual([])
      expect(new Set(kind.env).size).toBe(kind.env.length)
    })

    it('signs in only with variables that it may see', () => {
      for (const { whenEnv } of kind.authenticate) expect(kind.env).toContain(whenEnv)
    })

    it('says how to install it', () => {
      expect(kind.install).toMatch(/\S/)
      expect(kind.install).not.toContain('\n')
    })
  })

  it('hands the model over in the way that each program reads', () => {
    const start = (id: string) =>
      kindOf(agents, id).start({ model: 'm-1', command: id === 'command' ? ['x'] : undefined })
    expect(start('claude-code')?.env).toMatchObject({ ANTHROPIC_MODEL: 'm-1' })
    expect(JSON.parse(start('codex')?.env?.CODEX_CONFIG ?? '')).toEqual({ model: 'm-1' })
    expect(start('gemini')?.args).toEqual(['--acp', '--model', 'm-1'])
    expect(JSON.parse(start('opencode')?.env?.OPENCODE_CONFIG_CONTENT ?? '')).toMatchObject({ model: 'm-1' })
    expect(start('command')?.env).toEqual({ TUTTI_MODEL: 'm-1' })
  })
})

describe('a file that does not fit', () => {
  const good = `{ id: 'mine', title: 'Mine', protocol: 'acp', env: [], install: 'x', start: () => undefined }`
  const cases: [string, string, string][] = [
    ['mine.ts', `export const agent = ${good.replace("'acp'", "'telnet'")}`, 'mine.ts does not fit: agent.protocol'],
    ['mine.ts', `export const agent = ${good.replace('env: []', "env: ['A=B']")}`, 'mine.ts does not fit: agent.env.0'],
    [
      'mine.ts',
      `export const agent = ${good.replace('() => undefined', "'sh -c x'")}`,
      'agent.start must be a function',
    ],
    ['mine.ts', `export const agent = ${good.replace("id: 'mine'", "id: 'yours'")}`, 'agent.id is "yours", but'],
    ['mine.ts', `export const agnet = ${good}`, 'mine.ts does not fit: agent is not exported'],
    ['mine.ts', `throw new Error('broken')`, 'mine.ts cannot be loaded: broken'],
  ]

  it.each(cases)('%s with %s stops the start', async (name, text, problem) => {
    const folder = join(await scratch(), 'agents')
    await mkdir(folder)
    await writeFile(join(folder, name), text)
    await expect(loadAgents({ folder })).rejects.toThrow(problem)
  })

  it('is not one that does', async () => {
    const folder = await scratch()
    await writeFile(join(folder, 'mine.ts'), `export const agent = ${good}`)
    expect(kindOf(await loadAgents({ folder }), 'mine')).toMatchObject({ fixedEnv: {}, authenticate: [] })
    expect(fileURLToPath(import.meta.url)).toContain('agents.test.ts')
  })
})
