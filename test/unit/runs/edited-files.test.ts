/** What a running agent is seen to change is noted with its heartbeat, under its lease. */

import { expect, onTestFinished, test, vi } from 'vitest'
import type { AgentUpdate } from '../../../src/agents/drivers/agent-run.ts'
import { condensePaths, openFootprints } from '../../../src/db/footprints.ts'
import { saveRepository } from '../../../src/db/repositories.ts'
import { addRun, claimRun } from '../../../src/db/runs.ts'
import { addWorkItem } from '../../../src/db/work-items.ts'
import { editedFiles } from '../../../src/runs/edited-files.ts'
import { startHeartbeat } from '../../../src/runs/heartbeat.ts'
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
  expect(editedFiles(update, '/tree')).toEqual(expected)
})

test('many paths become their directories, the deepest first', () => {
  const deep = Array.from({ length: 8 }, (_, at) => `src/a/${at}.ts`)
  expect(condensePaths([...deep, 'README.md', 'src/b.ts'], 10)).toHaveLength(10)
  expect(condensePaths([...deep, 'README.md', 'src/b.ts'], 5)).toEqual(['README.md', 'src/a/', 'src/b.ts'])
  expect(condensePaths(['z', ...deep.map((path) => `x/${path}`)], 2)).toEqual(['x/src/a/', 'z'])
  expect(condensePaths(['a', 'b', 'c'], 2)).toEqual(['**'])
  expect(condensePaths(['a', 'a'], 2)).toEqual(['a'])
})

test('the heartbeat carries it once, and not after the lease is gone', async () => {
  const { store, close } = await openTestStore()
  onTestFinished(close)
  const facts = {
    githubId: 1,
    installationId: 1,
    fullName: 'acme/app',
    private: true,
    cloneUrl: '',
    defaultBranch: 'main',
  }
  const repo = await saveRepository(store.db, facts)
  const wanted = {
    repositoryId: repo.id,
    issueNumber: 1,
    title: 'x',
    state: 'running' as const,
    requestedBy: 'm',
    requestedById: 1,
  }
  const names = { module: 'issue-1', branch: 'module/issue-1', baseBranch: 'main' }
  const run = await store.transaction(async (tx) => {
    const item = await addWorkItem(tx, { ...wanted, ...names }, 'm')
    if (!item) throw new Error('the item was not stored')
    return addRun(tx, item.id, { agent: 'scripted', feedback: '', cleanWorktree: false })
  })
  const claimed = await claimRun(store.db, run.id, 'me', 'waiting')
  if (!claimed) throw new Error('the run was not claimed')
  const lost = vi.fn()
  const heartbeat = startHeartbeat(store, claimed.lease, { everyMs: 10, timeoutMs: 60_000, onStop: lost })
  onTestFinished(() => heartbeat.stop())
  const observed = async () => (await openFootprints(store.db)).get(run.workItemId)?.observed
  heartbeat.touched.add('src/a.ts')
  await vi.waitFor(async () => expect(await observed()).toEqual(['src/a.ts']), 10_000)

  const stale = startHeartbeat(store, { ...claimed.lease, epoch: 0 }, { everyMs: 10, timeoutMs: 60_000, onStop: lost })
  onTestFinished(() => stale.stop())
  stale.touched.add('src/b.ts')
  await vi.waitFor(() => expect(lost).toHaveBeenCalledWith('lease lost'), 10_000)
  expect(await observed()).toEqual(['src/a.ts'])
})
