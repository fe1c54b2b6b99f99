/**
 * A small orchestrator for the warden's tests: runs one scripted agent for each prompt of its plan. Prints the warden's
 * process id, then one agent's process id a line. SIGTERM ends it without stopping its agents: that is the warden's work.
 */

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { loadAgents } from '../../src/agents/registry.ts'
import { supervise } from '../../src/runs/agent/supervise.ts'
import { createWarden } from '../../src/workspace/containment/warden.ts'

const plan: { root: string; cwd: string; prompts: string[]; inThread: boolean } = JSON.parse(
  readFileSync(process.argv[2] ?? '', 'utf8'),
)
const kind = (await loadAgents()).get('scripted')
if (!kind) throw new Error('no scripted agent')
const warden = createWarden({ instanceId: `fixture-${process.pid}` })
warden.start()
process.stdout.write(`${warden.pid}\n`)
await Promise.all(
  plan.prompts.map((prompt, index) =>
    supervise({
      kind,
      cwd: plan.cwd,
      prompt,
      runId: `run-${process.pid}-${index}`,
      env: { PATH: process.env.PATH ?? '' },
      home: join(plan.root, `home-${index}`),
      limits: { totalMs: 60_000, idleMs: 60_000, outputBytes: 1e6 },
      warden,
      inThread: plan.inThread,
      onStarted: ({ pid }) => process.stdout.write(`${pid}\n`),
      logFile: join(plan.root, `run-${index}.log`),
    }),
  ),
)
