/**
 * Says "something has changed" to the pages that are open, which are listeners of the hub of events. Pages then fetch what
 * they show again; nothing of it goes through the stream.
 */

import type { EventHub } from '../api/event-hub.ts'
import { eventStream, eventStreamHeaders } from '../api/event-stream.ts'
import { tooManyPages } from '../messages/dashboard.ts'

/** When so many listen to this process, a new page is not kept up to date by itself. */
const mostListeners = 2_000

const encoder = new TextEncoder()

/**
 * The stream of one page about a repository, as server-sent events.
 * @param allowed asked every half minute; the stream ends when it says no.
 */
export function livePage(hub: EventHub, repositoryId: number, allowed: () => Promise<boolean>): Response {
  if (hub.size >= mostListeners) return new Response(`${tooManyPages}\n`, { status: 503 })
  const change = encoder.encode(`event: change\ndata: ${repositoryId}\n\n`)
  const body = eventStream(({ write, ...connection }) => {
    const say = onceATurn(() => write(change))
    return hub.join({
      ...connection,
      after: undefined,
      sees: async () => ((await allowed()) ? [repositoryId] : undefined),
      wants: () => true,
      send: say,
      changed: say,
    })
  })
  return new Response(body, { headers: eventStreamHeaders })
}

/** However many events come together, the page fetches once. */
function onceATurn(say: () => boolean): () => boolean {
  let said = false
  return () => {
    if (said) return true
    said = true
    setImmediate(() => {
      said = false
    })
    return say()
  }
}
