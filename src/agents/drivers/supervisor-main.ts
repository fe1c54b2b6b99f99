/**
 * The supervisor's thread: carries out the one task it was started with and says over its port what happens. Everything
 * that reaches the world by other ways than the port is the agent's process tree and the run's log.
 */

import { parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads'
import { OperatorError } from '../../lib/errors.ts'
import type { AgentTask } from './agent-run.ts'
import { runAgent } from './run-agent.ts'
import type { SupervisorMessage } from './supervise.ts'
import { throttleUsage } from './throttle-updates.ts'

const port = parentPort
if (!port) throw new Error('supervisor-main.ts is run by supervise.ts, in a thread')

const say = (said: SupervisorMessage) => port.postMessage(said)
// Updates come at the pace of the feed; an agent may tell of its use with every word.
const usage = throttleUsage((newest) => say({ kind: 'usage', usage: newest }))
const stop = new AbortController()
// Told while this thread was loading: then there is nothing to start.
if (receiveMessageOnPort(port)) stop.abort()
// The one thing that is ever told: to stop.
port.on('message', () => stop.abort())

try {
  const outcome = await runAgent(workerData as AgentTask, {
    signal: stop.signal,
    started: (root) => say({ kind: 'started', root }),
    updated: (update) => say({ kind: 'update', update }),
    used: usage.push,
    quiet: () => say({ kind: 'quiet' }),
  })
  usage.close()
  say({ kind: 'ended', outcome })
} catch (error) {
  // Anything else is a fault of ours: it ends the thread, and `supervise` cleans up.
  if (!(error instanceof OperatorError)) throw error
  say({ kind: 'refused', message: error.message, hint: error.hint })
}
