/** The connection of one listener, as server-sent events. */

/** Bytes that wait for a listener before it is dropped. */
const mostWaiting = 256 * 1_024
/** After how many milliseconds a client comes back. */
const retryMs = 2_000

/** What the answer with such a stream says about itself. */
export const eventStreamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
}

/** What can be done with a connection; the rest of a listener is who it is. */
interface Connection {
  /** @returns whether it had room. */
  write(bytes: Uint8Array): boolean
  /** Keeps it alive. @returns as `write`. */
  beat(): boolean
  end(): void
}

const encoder = new TextEncoder()
const heartbeat = encoder.encode(': still here\n\n')

/** A stream whose reader is dropped when too much waits for it. @param join takes its seat, and says how it leaves. */
export function eventStream(
  join: (connection: Connection) => Promise<(() => void) | undefined>,
): ReadableStream<Uint8Array> {
  let leave: (() => void) | undefined
  let over = false
  return new ReadableStream<Uint8Array>(
    {
      start: async (controller) => {
        const write = (bytes: Uint8Array) => {
          if (over || (controller.desiredSize ?? 0) <= 0) return false
          controller.enqueue(bytes)
          return true
        }
        const end = () => {
          if (over) return
          over = true
          controller.close()
        }
        leave = await join({ write, beat: () => write(heartbeat), end })
        if (!leave) end()
        else if (over) leave()
        // Who has read this line misses nothing from then on.
        else write(encoder.encode(`retry: ${retryMs}\n\n`))
      },
      cancel: () => {
        over = true
        leave?.()
      },
    },
    { highWaterMark: mostWaiting, size: (bytes) => bytes.byteLength },
  )
}
