/**
 * The supervisor's thread: carries out its tasks and sends the events of each over its port. Besides the port it only
 * touches the process trees of its agents and the logs of their runs.
 */

import { parentPort } from 'node:worker_threads'
import { setCurrentTime } from '../../lib/clock.ts'
import { OperatorError } from '../../lib/errors.ts'
import type { AgentTask } from './agent-run.ts'
import { runAgent } from './run-agent.ts'
import type { SupervisorMessage, SupervisorRequest } from './supervisor-messages.ts'
import { throttleUsage } from './throttle-updates.ts'

const port = parentPort
if (!port) throw new Error('supervisor-main.ts is run by supervisor-thread.ts, in a thread')

const stops = new Map<number, AbortController>()

port.on('message', (request: SupervisorRequest) => {
  if (request.kind === 'stop') {
    stops.get(request.id)?.abort()
    return
  }
  setCurrentTime(request.time)
  void carryOut(request.id, request.task)
})

async function carryOut(id: number, task: AgentTask): Promise<void> {
  const post = (message: SupervisorMessage) => port?.postMessage({ id, message })
  const stop = new AbortController()
  stops.set(id, stop)
  // A request to stop may wait behind the one to start: then there is nothing to start.
  await new Promise((resolve) => setImmediate(resolve))
  // Updates are throttled already. An agent may report its usage with every token.
  const usage = throttleUsage((newest) => post({ kind: 'usage', usage: newest }))
  try {
    const outcome = await runAgent(task, {
      signal: stop.signal,
      started: (root) => post({ kind: 'started', root }),
      updated: (update) => post({ kind: 'update', update }),
      used: usage.push,
      allExited: () => post({ kind: 'all-exited' }),
    })
    usage.close()
    post({ kind: 'ended', outcome })
  } catch (error) {
    if (error instanceof OperatorError) post({ kind: 'refused', message: error.message, hint: error.hint })
    else post({ kind: 'broken', message: error instanceof Error ? error.message : String(error) })
  } finally {
    stops.delete(id)
  }
}
