/** The driver of a plain program: it gets the prompt, changes the worktree and exits. Its output is a log, no protocol. */

import { boundedText } from '../../lib/sanitise-text.ts'
import { lineSplitter } from '../../lib/split-lines.ts'
import type { AgentDriver, AgentDriverOptions } from './driver.ts'
import { throttleUpdates } from './throttle-updates.ts'

const maxLineBytes = 16 * 1024

/** Sends the prompt, and reads the output. */
export function createCommandDriver(options: AgentDriverOptions): AgentDriver {
  const { log } = options
  const throttle = throttleUpdates(
    (update) => options.updated(update),
    (error) => log.note(`a watcher failed: ${String(error)}`),
  )
  const show = (text: string) => {
    if (text.trim() !== '') throttle.push({ kind: 'text', text: `${text}\n` })
  }
  const lines = lineSplitter({
    maxBytes: maxLineBytes,
    onLine: (line) => show(boundedText(line.toString('utf8'), 2000)),
    onTooLong: () => {},
  })
  options.send(options.prompt)
  options.endInput()

  return {
    onOutput(source, chunk) {
      options.onActivity()
      log.write(source, chunk)
      if (source === 'stdout') lines.push(chunk)
    },
    exited(exitCode, signal) {
      lines.end()
      const tail = log.tail()
      if (exitCode !== 0) return { kind: 'crashed', exitCode, signal, tail }
      return { kind: 'finished', stopReason: 'end_turn', summary: tail }
    },
    // Such a program has no command for it: SIGTERM follows.
    cancel: () => {},
    close: () => throttle.close(),
  }
}
