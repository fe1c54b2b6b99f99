/** What carries out the jobs of a process: agents, gates, the scheduler, the publisher. `app.ts` starts them. */

import type { Ground, openAdapters } from './adapters.ts'
import { agentCapacity } from './db/places.ts'
import { runsAgents } from './domain/process-role.ts'
import { BatchTester } from './gates/batch-tester.ts'
import { GateRunner } from './gates/gate-runner.ts'
import { requireCommit } from './git/one-of-several.ts'
import { loadEffectHandlers } from './github/effects/lib/registry.ts'
import { Publisher } from './github/publisher.ts'
import { sha } from './lib/ids.ts'
import { renderPullRequestComment } from './pull-requests/pull-request-comment.ts'
import { Runner } from './runs/runner.ts'
import { Scheduler } from './scheduling/scheduler.ts'
import { renderStatus } from './work-items/status-comment.ts'

type Opened = Awaited<ReturnType<typeof openAdapters>>

/** Makes them all. What must be closed again is left to `closers`. */
export async function openWorkers({ env, log, store, part, closers }: Ground, { adapters, client, leaseMs }: Opened) {
  const { github, commands, instance, redact } = adapters
  const [runner, gateRunner, batchTester] = [new Runner(adapters), new GateRunner(adapters), new BatchTester(adapters)]
  const publisher = new Publisher({
    ...{ store, client, instance, log, missing: github.missing, redact },
    ...{ commands: commands.keys(), botLogin: () => github.app.botLogin },
    leaseMs,
    handlers: await loadEffectHandlers(),
    statusComment: (workItemId) => renderStatus(store.db, workItemId),
    pullRequestComment: (workItemId) => renderPullRequestComment(store.db, workItemId),
    commitFiles: async (repo, commit, parent) => {
      const control = await adapters.control(repo)
      await requireCommit(control, sha(commit))
      return control.commitFiles(sha(commit), sha(parent))
    },
  })
  const agentsHere = runsAgents(part.role)
  const scheduler = new Scheduler({
    ...{ store, env, log, freeMemory: () => process.availableMemory() },
    capacity: (db) => agentCapacity(db, leaseMs, agentsHere ? process.availableMemory() : undefined),
    ...(agentsHere ? { started: (runId: number) => runner.start(runId) } : {}),
  })
  closers.push(scheduler, runner, gateRunner, batchTester)
  return { runner, gateRunner, batchTester, publisher, scheduler }
}
