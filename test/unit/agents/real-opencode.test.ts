/** The real OpenCode; see test/support/real-programs.ts. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkAgent } from '../../../src/agents/check-agent.ts'
import { bench, scratch } from '../../support/agent-bench.ts'
import {
  done,
  endsWell,
  key,
  operatorKind,
  plan,
  planning,
  provider,
  runReal,
  skipReason,
} from '../../support/real-programs.ts'

describe.skipIf(skipReason !== '')(`opencode${skipReason}`, () => {
  it('edits after a refusal: it asks, is refused outside of the tree, and goes on', async () => {
    const outside = join(await scratch(), 'outside.txt')
    const { outcome, cwd, updates } = await runReal('opencode', [
      { call: /^write$/, with: { filePath: outside, content: 'x' } },
      { call: /^write$/, with: { filePath: 'a.txt', content: 'hello' } },
      done,
    ])
    expect(updates).toContainEqual(expect.objectContaining({ kind: 'permission', allowed: false }))
    expect(existsSync(outside)).toBe(false)
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('hello')
    expect(outcome).toMatchObject({ kind: 'finished', summary: 'All done.' })
    expect(updates.find(({ kind }) => kind === 'session')).toMatchObject({ model: 'fake/m-1', mode: 'build' })
  })

  it('plans through MCP in its plan mode, where no edit is allowed', async () => {
    const { saved, mcpServers, paths } = await planning()
    const steps = [
      { call: /^bash$/, with: { command: 'touch a.txt', description: 'x' } },
      { call: /submit_plan$/, with: plan },
      done,
    ]
    const { cwd } = await runReal('opencode', steps, {
      mcpServers,
      paths,
      purpose: 'plan',
      permissions: 'reading-only',
    })
    expect(saved).toMatchObject([{ kind: 'plan' }])
    expect(existsSync(join(cwd, 'a.txt'))).toBe(false)
  })

  it('with a model that is not offered sends nothing to anybody', async () => {
    const { outcome } = await runReal('opencode', [done], { settings: { model: 'nope' } })
    expect(outcome).toMatchObject({ kind: 'provider-failed', problem: 'model' })
    expect(provider().requests).toEqual([])
  })

  it('with a wrong key fails its check, which says so', async () => {
    provider().script([{ status: 401, body: { error: { message: 'Incorrect API key provided.' } } }])
    const place = await bench()
    const env = { PATH: process.env.PATH ?? '', FAKE_KEY: key }
    const check = await checkAgent(await operatorKind('opencode'), { env, reaper: place.reaper })
    expect(check).toMatchObject({ ok: false, model: 'fake/m-1', provider: 'fake' })
    expect(check.problem).toContain('Incorrect API key provided')
  })

  endsWell('opencode')
})
