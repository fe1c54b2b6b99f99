/** The log of one run: a file that a person can read, whatever the agent prints. */

import { createWriteStream } from 'node:fs'
import { finished } from 'node:stream/promises'
import { boundedText, lastCharacters } from '../../lib/sanitise-text.ts'
import { lineSplitter } from '../../lib/split-lines.ts'

export interface RunLog {
  /** One line of our own. */
  note(text: string): void
  /** Output of the agent. */
  write(source: 'stdout' | 'stderr', chunk: Buffer): void
  /** The last lines of the agent's output, cleaned: at most 4,000 characters. */
  tail(): string
  /** Writes the rest. Never throws: a full disk must not change the outcome of the run. */
  close(): Promise<void>
}

/** The file has at most so many bytes. The tail is kept in memory. */
const defaultMaxBytes = 5 * 1024 * 1024
const maxLineBytes = 16 * 1024
const maxTail = 4000
/** Bytes that may wait for a slow disk before lines are left out. */
const maxWaiting = 1024 * 1024

/**
 * Opens the log. Lines that cannot be written are lost; the run goes on.
 * @param redact takes secrets out of the agent's output, also for the tail.
 */
export function openRunLog(
  path: string,
  maxBytes: number = defaultMaxBytes,
  redact: (text: string) => string = (text) => text,
): RunLog {
  const file = createWriteStream(path, { flags: 'a', mode: 0o600 })
  let usable = true
  file.on('error', () => {
    usable = false
  })
  let written = 0
  let left = 0
  const recent: string[] = []
  let recentLength = 0

  function put(text: string): void {
    const bytes = Buffer.byteLength(text) + 1
    if (!usable) return
    if (written + bytes > maxBytes || file.writableLength > maxWaiting) {
      left += 1
      return
    }
    written += bytes
    file.write(`${text}\n`)
  }

  function remember(line: string): void {
    recent.push(line)
    recentLength += line.length + 1
    while (recentLength > maxTail && recent.length > 1) recentLength -= (recent.shift()?.length ?? 0) + 1
  }

  const splitters = {
    stdout: printed('stdout'),
    stderr: printed('stderr'),
  }

  function printed(source: 'stdout' | 'stderr') {
    return lineSplitter({
      maxBytes: maxLineBytes,
      onLine(line) {
        const text = boundedText(redact(line.toString('utf8')), 4000)
        if (text.trim() === '') return
        remember(text)
        put(`${source}| ${text}`)
      },
      onTooLong: () => put(`${source}| (a line of more than ${maxLineBytes} bytes was left out)`),
    })
  }

  return {
    note: (text) => put(`tutti | ${boundedText(text, 4000)}`),
    write: (source, chunk) => splitters[source].push(chunk),
    tail() {
      // The last line of a program may have no line end.
      for (const splitter of Object.values(splitters)) splitter.end()
      return lastCharacters(recent.join('\n'), maxTail)
    },
    async close() {
      splitters.stdout.end()
      splitters.stderr.end()
      if (left > 0 && usable) file.write(`tutti | ${left} more lines were left out\n`)
      file.end()
      await finished(file).catch(() => {})
    },
  }
}
