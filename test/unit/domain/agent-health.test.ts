import { expect, test } from 'vitest'
import { judgeHealth } from '../../../src/domain/agent-health.ts'

const minute = 60_000
const quiet = {
  at: '2026-11-28T12:00:00.000Z',
  silentMs: 0,
  cpuPercent: 1,
  memory: 100,
  processes: 3,
  inTool: false,
  diskFreePercent: 50,
}
const machine = { cores: 2, memoryLimit: 1_000 }

test.each([
  ['nothing wrong', {}, 'healthy'],
  ['silent for less than 2 minutes', { silentMs: 2 * minute - 1 }, 'healthy'],
  ['silent for 2 minutes', { silentMs: 2 * minute }, 'warning'],
  ['silent for 5 minutes', { silentMs: 5 * minute }, 'warning'],
  ['silent for longer', { silentMs: 5 * minute + 1 }, 'stalled'],
  ['silent in a tool', { silentMs: 30 * minute, inTool: true }, 'healthy'],
  ['silent with a busy build', { silentMs: 30 * minute, cpuPercent: 60 }, 'healthy'],
  ['79 % of two cores', { cpuPercent: 158 }, 'healthy'],
  ['80 % of two cores', { cpuPercent: 160 }, 'warning'],
  ['95 % of two cores', { cpuPercent: 190 }, 'warning'],
  ['more', { cpuPercent: 193 }, 'critical'],
  ['80 % of its memory', { memory: 800 }, 'warning'],
  ['more than 95 % of it', { memory: 960 }, 'critical'],
  ['little disk', { diskFreePercent: 9 }, 'warning'],
  ['hardly any disk', { diskFreePercent: 2 }, 'critical'],
  ['an unknown disk', { diskFreePercent: null }, 'healthy'],
  ['silent, on a full disk: the worst counts', { silentMs: 6 * minute, diskFreePercent: 2 }, 'stalled'],
  ['no process left', { processes: 0, silentMs: 9 * minute }, 'dead'],
])('%s: %o is %s', (_, changes, verdict) => {
  const judged = judgeHealth({ ...quiet, ...changes }, machine)
  expect(judged.verdict).toBe(verdict)
  expect(judged.why === '').toBe(verdict === 'healthy')
})
