/**
 * The threads in which agents are supervised. Up to `maxThreads` each new agent gets a thread of its own; more agents share
 * them, the thread with the fewest first. A thread ends with its last agent. A lost thread loses the agents in it, so few
 * are better than one; but each costs 27 MB, so a thread for each of 500 agents would cost 13 GB.
 */

import { Worker } from 'node:worker_threads'
import { currentMs } from '../../lib/clock.ts'
import type { AgentTask } from './agent-run.ts'
import type { SupervisorMessage, SupervisorRequest } from './supervisor-messages.ts'

const maxThreads = 8

/**
 * Memory that grows slowly up to this limit ends the thread alone. Reached within one large step (a long string,
 * `JSON.parse`), it would end the whole process, like V8's own limit. So it is well above the size of the largest frame:
 * measured, 8 MB of JSON are 184 MB of objects, and 422 MB with a copy.
 */
const defaultMemoryMb = 1024

/** What a supervised agent hears from its thread. */
interface Passenger {
  received(message: SupervisorMessage): void
  /** The thread has ended. @param fault why, where it said so. */
  lost(fault: string | undefined): void
}

/** The place of one agent in a thread. */
export interface SupervisorSeat {
  readonly threadId: number
  /** Asks the supervisor to stop the agent. */
  stop(): void
  /** Ends the thread at once, and loses every agent in it. */
  terminate(): void
  /** The agent needs the thread no more. Resolves when the thread has ended, if this was its last agent. */
  leave(): Promise<void>
}

const shared = new Set<SupervisorThread>()

/**
 * Starts supervising an agent in a thread.
 * @param memoryMb of objects that the thread may hold; with it, the agent gets a thread that it does not share.
 */
export function takeSeat(task: AgentTask, passenger: Passenger, memoryMb?: number): SupervisorSeat {
  const own = memoryMb !== undefined
  const free = own || shared.size < maxThreads ? undefined : leastUsed()
  const thread = free ?? new SupervisorThread(memoryMb ?? defaultMemoryMb)
  if (!own) shared.add(thread)
  return thread.seat(task, passenger)
}

function leastUsed(): SupervisorThread | undefined {
  return [...shared].reduce<SupervisorThread | undefined>(
    (least, one) => (least && least.agents <= one.agents ? least : one),
    undefined,
  )
}

class SupervisorThread {
  readonly #worker: Worker
  readonly #passengers = new Map<number, Passenger>()
  #next = 0
  #fault: string | undefined

  constructor(memoryMb: number) {
    this.#worker = new Worker(new URL('./supervisor-main.ts', import.meta.url), {
      name: 'supervisor of agents',
      resourceLimits: { maxOldGenerationSizeMb: memoryMb, maxYoungGenerationSizeMb: 16 },
    })
    this.#worker.on('message', ({ id, message }: { id: number; message: SupervisorMessage }) =>
      this.#passengers.get(id)?.received(message),
    )
    this.#worker.on('error', (error) => {
      this.#fault = error instanceof Error ? error.message : String(error)
    })
    // Comes after all of its messages.
    this.#worker.once('exit', () => {
      shared.delete(this)
      for (const passenger of this.#passengers.values()) passenger.lost(this.#fault)
      this.#passengers.clear()
    })
  }

  get agents(): number {
    return this.#passengers.size
  }

  seat(task: AgentTask, passenger: Passenger): SupervisorSeat {
    const id = this.#next++
    this.#passengers.set(id, passenger)
    this.#post({ kind: 'run', id, task, time: currentMs() })
    return {
      threadId: this.#worker.threadId,
      stop: () => this.#post({ kind: 'stop', id }),
      terminate: () => {
        shared.delete(this)
        void this.#worker.terminate()
      },
      leave: async () => {
        this.#passengers.delete(id)
        if (this.#passengers.size > 0) return
        // From here on it takes no other agent.
        shared.delete(this)
        await this.#worker.terminate()
      },
    }
  }

  #post(request: SupervisorRequest): void {
    this.#worker.postMessage(request)
  }
}
