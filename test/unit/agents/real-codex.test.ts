/** The real Codex; see test/support/real-programs.ts. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  done,
  endsWell,
  key,
  plan,
  planning,
  provider,
  runReal,
  sandbox,
  shell,
  skipReason,
} from '../../support/real-programs.ts'

describe.skipIf(skipReason !== '')(`codex${skipReason}`, () => {
  it("edits with the operator's configuration file, provider and key, and says its model", async () => {
    const { outcome, cwd, updates } = await runReal('codex', [shell('echo hello > a.txt'), done])
    expect(outcome).toMatchObject({ kind: 'finished', summary: 'All done.', usage: { totalTokens: 240 } })
    expect(readFileSync(join(cwd, 'a.txt'), 'utf8')).toBe('hello\n')
    expect(provider().requests[0]).toMatchObject({ key: `Bearer ${key}`, body: { model: 'm-1' } })
    expect(updates.find(({ kind }) => kind === 'session')).toMatchObject({
      ...{ model: 'm-1', mode: sandbox ? 'agent-full-access' : 'workspace-write' },
    })
  })

  it('plans through MCP and changes nothing, and asks no second model about our tools', async () => {
    const { saved, mcpServers, paths } = await planning()
    const steps = [shell('cat README.md; touch a.txt'), { call: /submit_plan$/, with: plan }, done]
    const { outcome, updates, cwd } = await runReal('codex', steps, {
      ...{ mcpServers, paths },
      purpose: 'plan',
      permissions: 'reading-only',
    })
    expect(outcome.kind).toBe('finished')
    expect(saved).toMatchObject([{ kind: 'plan', summary: 'Do it.' }])
    expect(updates.find(({ kind }) => kind === 'session')).toMatchObject({
      mode: sandbox ? 'agent-full-access' : 'read-only',
    })
    expect(existsSync(join(cwd, 'a.txt'))).toBe(false)
    // A reviewer is asked without our tools. codex-acp may have had the time to ask for a title of the session: that is none.
    const others = provider().requests.filter(
      ({ body }) => !/submit_plan|"title":\{"type":"string"\}/.test(JSON.stringify(body)),
    )
    expect(others.map(({ path, body }) => [path, body.model])).toEqual([])
  })

  it('is refused what a planner may not do; the turn that ends with it is not finished', async () => {
    const escalated = { sandbox_permissions: 'require_escalated', justification: 'To write a file?' }
    const { outcome, cwd, updates } = await runReal('codex', [shell('touch a.txt', escalated), done], {
      boxed: false,
      purpose: 'plan',
      permissions: 'reading-only',
    })
    expect(updates).toContainEqual(expect.objectContaining({ kind: 'permission', allowed: false }))
    expect(outcome).toMatchObject({ kind: 'unfinished', message: expect.stringContaining('touch a.txt') })
    expect(existsSync(join(cwd, 'a.txt'))).toBe(false)
  })

  endsWell('codex')
})
