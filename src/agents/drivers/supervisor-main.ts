/**
 * The supervisor's thread: carries out its one task and sends the events over its port. Besides the port it only touches
 * the agent's process tree and the run's log.
 */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { OperatorError } from '../../lib/errors.ts'
import type { AgentTask } from './agent-run.ts'
import { runAgent } from './run-agent.ts'
import type { SupervisorMessage } from './supervise.ts'
import { throttleUsage } from './throttle-updates.ts'

const port = parentPort
if (!port) throw new Error('supervisor-main.ts is run by supervise.ts, in a thread')

const post = (message: SupervisorMessage) => port.postMessage(message)
// Updates are throttled already. An agent may report its usage with every token.
const usage = throttleUsage((newest) => post({ kind: 'usage', usage: newest }))
const stop = new AbortController()
// A message that came while this thread was loading: there is nothing to start.
if (receiveMessageOnPort(port)) stop.abort()
// The only message to this thread is the request to stop.
port.on('message', () => stop.abort())

try {
  const outcome = await runAgent(workerData as AgentTask, {
    signal: stop.signal,
    started: (root) => post({ kind: 'started', root }),
    updated: (update) => post({ kind: 'update', update }),
    used: usage.push,
    allExited: () => post({ kind: 'all-exited' }),
  })
  usage.close()
  post({ kind: 'ended', outcome })
} catch (error) {
  // Another error is a bug: it ends the thread, and `supervise` cleans up.
  if (!(error instanceof OperatorError)) throw error
  post({ kind: 'refused', message: error.message, hint: error.hint })
}
