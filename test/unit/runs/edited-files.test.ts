/** What a running agent is seen to change is noted with its heartbeat, under its lease. */

import { expect, onTestFinished, test, vi } from 'vitest'
import type { AgentUpdate } from '../../../src/agents/drivers/agent-run.ts'
import { condense, openFootprints } from '../../../src/db/footprints.ts'
import { addRun, claimRun } from '../../../src/db/runs.ts'
import { addItem, saveSystem } from '../../../src/db/work-items.ts'
import { touchedBy } from '../../../src/runs/edited-files.ts'
import { startPulse } from '../../../src/runs/heartbeat.ts'
import { openTestStore } from '../../support/test-store.ts'

const tool = (paths: string[], rest: object = {}): AgentUpdate => ({
  kind: 'tool',
  id: '1',
  title: '',
  tool: 'edit',
  status: 'in_progress',
  paths,
  ...rest,
})

test.each<[string, AgentUpdate, string[]]>([
  ['an edit, absolute or not', tool(['/tree/src/a.ts', 'b.ts', './c/d.ts']), ['src/a.ts', 'b.ts', 'c/d.ts']],
  ['a deletion', tool(['/tree/a'], { tool: 'delete' }), ['a']],
  ['reading says nothing', tool(['/tree/a'], { tool: 'read' }), []],
  ['nor what failed', tool(['/tree/a'], { status: 'failed' }), []],
  ['outside, the tree itself, and what cannot be stored', tool(['/etc/passwd', '../x', '/tree', '/tree/a\u0000b']), []],
  ['words', { kind: 'text', text: '/tree/a' }, []],
])('%s', (_, update, expected) => {
  expect(touchedBy(update, '/tree')).toEqual(expected)
})

test('many paths become their directories, the deepest first', () => {
  const deep = Array.from({ length: 8 }, (_, at) => `src/a/${at}.ts`)
  expect(condense([...deep, 'README.md', 'src/b.ts'], 10)).toHaveLength(10)
  expect(condense([...deep, 'README.md', 'src/b.ts'], 5)).toEqual(['README.md', 'src/a/', 'src/b.ts'])
  expect(condense(['z', ...deep.map((path) => `x/${path}`)], 2)).toEqual(['x/src/a/', 'z'])
  expect(condense(['a', 'b', 'c'], 2)).toEqual(['**'])
  expect(condense(['a', 'a'], 2)).toEqual(['a'])
})

test('the heartbeat carries it once, and not after the lease is gone', async () => {
  const { store, close } = await openTestStore()
  onTestFinished(close)
  const facts = {
    repositoryId: 1,
    installationId: 1,
    fullName: 'acme/app',
    private: true,
    cloneUrl: '',
    defaultBranch: 'main',
  }
  const system = await saveSystem(store.db, facts)
  const wanted = {
    systemId: system.id,
    issueNumber: 1,
    title: 'x',
    state: 'running' as const,
    requestedBy: 'm',
    requestedById: 1,
  }
  const names = { module: 'issue-1', branch: 'module/issue-1', baseBranch: 'main' }
  const run = await store.transaction(async (tx) => {
    const item = await addItem(tx, { ...wanted, ...names }, 'm')
    if (!item) throw new Error('the item was not stored')
    return addRun(tx, item.id, { agent: 'scripted', feedback: '', startClean: false })
  })
  const claimed = await claimRun(store.db, run.id, 'me', 'waiting')
  if (!claimed) throw new Error('the run was not claimed')
  const lost = vi.fn()
  const pulse = startPulse(store, claimed.lease, { everyMs: 10, timeoutMs: 60_000, onStop: lost })
  onTestFinished(() => pulse.stop())
  const observed = async () => (await openFootprints(store.db)).get(run.workItemId)?.observed
  pulse.touched.add('src/a.ts')
  await vi.waitFor(async () => expect(await observed()).toEqual(['src/a.ts']), 10_000)

  const stale = startPulse(store, { ...claimed.lease, epoch: 0 }, { everyMs: 10, timeoutMs: 60_000, onStop: lost })
  onTestFinished(() => stale.stop())
  stale.touched.add('src/b.ts')
  await vi.waitFor(() => expect(lost).toHaveBeenCalledWith('lease lost'), 10_000)
  expect(await observed()).toEqual(['src/a.ts'])
})
