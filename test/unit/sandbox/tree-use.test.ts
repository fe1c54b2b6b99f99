import { spawn } from 'node:child_process'
import { expect, onTestFinished, test } from 'vitest'
import { processTable, startTimeOf } from '../../../src/lib/process-table.ts'
import { treeUse } from '../../../src/sandbox/tree-use.ts'

test('processes count for the tree of their group, session or parent, and for no other', () => {
  const entry = (pid: number, ppid: number, pgid = pid, sid = pid) => ({ pid, ppid, pgid, sid, startTime: `t${pid}` })
  const entries = [entry(10, 1), entry(11, 10, 10, 10), entry(12, 11), entry(13, 1, 10, 10), entry(20, 1), entry(30, 1)]
  const table = { list: () => entries, find: () => undefined, hasMarker: () => false }
  const roots = [
    { pid: 10, startTime: 't10' },
    { pid: 20, startTime: 'another life' },
  ]
  const uses = treeUse(roots, table, () => ({ cpuMs: 5, memory: 7 }))
  expect(uses.get(10)).toEqual({ processes: 4, cpuMs: 20, memory: 28 })
  expect(uses.get(20)).toEqual({ processes: 0, cpuMs: 0, memory: 0 })
})

test.runIf(process.platform === 'linux')('a real tree: the memory and the CPU of a child that works', async () => {
  const code = 'const held = Buffer.alloc(64 * 2 ** 20, 1); for (;;) held[0]++'
  const child = spawn('sh', ['-c', `'${process.execPath}' -e '${code}'; true`], { detached: true })
  onTestFinished(() => void process.kill(-(child.pid ?? 0), 'SIGKILL'))
  const root = { pid: child.pid ?? 0, startTime: startTimeOf(child.pid ?? 0) }
  const use = () => treeUse([root], processTable()).get(root.pid)
  await expect.poll(() => use()?.cpuMs ?? 0, { timeout: 20_000 }).toBeGreaterThan(100)
  await expect.poll(() => use()?.memory ?? 0, { timeout: 20_000 }).toBeGreaterThan(64 * 2 ** 20)
  expect(use()?.processes).toBe(2)
})
