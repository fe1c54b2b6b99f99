/** Talks to a program that gets the prompt, changes the tree and exits. What it prints is its log, not a protocol. */

import { boundedText } from '../../lib/sanitise-text.ts'
import { lineSplitter } from '../../lib/split-lines.ts'
import type { AgentDriver, AgentDriverOptions } from './driver.ts'
import { throttleUpdates } from './throttle-updates.ts'

const maxLineBytes = 16 * 1024

/** Hands over the prompt and listens. */
export function createCommandDriver(options: AgentDriverOptions): AgentDriver {
  const { log } = options
  const feed = throttleUpdates(
    (update) => options.updated(update),
    (error) => log.note(`a watcher failed: ${String(error)}`),
  )
  const show = (text: string) => {
    if (text.trim() !== '') feed.push({ kind: 'text', text: `${text}\n` })
  }
  const lines = lineSplitter({
    maxBytes: maxLineBytes,
    onLine: (line) => show(boundedText(line.toString('utf8'), 2000)),
    onTooLong: () => {},
  })
  options.send(options.prompt)
  options.endInput()

  return {
    hear(source, chunk) {
      options.onSign()
      log.write(source, chunk)
      if (source === 'stdout') lines.push(chunk)
    },
    exited(exitCode, signal) {
      lines.end()
      const tail = log.tail()
      if (exitCode !== 0) return { kind: 'crashed', exitCode, signal, tail }
      return { kind: 'finished', stopReason: 'end_turn', summary: tail }
    },
    // There is no word for it: SIGTERM follows.
    cancel: () => {},
    close: () => feed.close(),
  }
}
