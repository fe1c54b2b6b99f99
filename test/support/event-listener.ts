/** A program that follows the stream of events, and comes back after each end with the last id that it has. */

import { setTimeout as sleep } from 'node:timers/promises'

export interface EventListener {
  /** Ids in the order in which they came. */
  readonly ids: number[]
  /** How often it had to come back. */
  readonly returned: number
  close(): Promise<void>
}

/** @param token of the API. */
export function followEvents(url: string, token: string): EventListener {
  const ended = new AbortController()
  const ids: number[] = []
  let connections = 0

  async function listen(): Promise<void> {
    const last = ids.at(-1)
    const headers = {
      ...{ Authorization: `Bearer ${token}`, Accept: 'text/event-stream' },
      ...(last === undefined ? {} : { 'Last-Event-ID': String(last) }),
    }
    const answer = await fetch(`${url}/api/events`, { headers, signal: ended.signal })
    if (!answer.ok || !answer.body) throw new Error(`answered with ${answer.status}`)
    connections++
    let rest = ''
    for await (const text of answer.body.pipeThrough(new TextDecoderStream())) {
      const blocks = (rest + text).split('\n\n')
      rest = blocks.pop() ?? ''
      for (const block of blocks) {
        const id = /^id: (\d+)$/m.exec(block)?.[1]
        if (id) ids.push(Number(id))
      }
    }
  }

  const following = (async () => {
    while (!ended.signal.aborted) {
      await listen().catch(() => {})
      await sleep(100)
    }
  })()
  return {
    ids,
    get returned() {
      return Math.max(0, connections - 1)
    },
    close: async () => {
      ended.abort()
      await following
    },
  }
}
