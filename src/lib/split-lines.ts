/** Splits a stream of bytes into lines without ever holding more than one line's limit. */

export interface LineSplitter {
  push(chunk: Buffer): void
  /** Hands out the last line, when it had no line end. */
  end(): void
}

const newline = 0x0a

/**
 * @param options.maxBytes longer lines are dropped, up to their end; `onTooLong` is called once for each.
 * @param options.onLine called with a line's bytes, without the line end.
 */
export function lineSplitter(options: {
  maxBytes: number
  onLine: (line: Buffer) => void
  onTooLong: () => void
}): LineSplitter {
  let parts: Buffer[] = []
  let length = 0
  let dropping = false

  function add(part: Buffer): void {
    if (dropping) return
    length += part.length
    if (length <= options.maxBytes) {
      if (part.length > 0) parts.push(part)
      return
    }
    parts = []
    dropping = true
    options.onTooLong()
  }

  function finish(): void {
    const line = dropping ? undefined : parts.length === 1 ? parts[0] : Buffer.concat(parts)
    parts = []
    length = 0
    dropping = false
    if (line && line.length > 0) options.onLine(line)
  }

  return {
    push(chunk) {
      let from = 0
      for (let at = chunk.indexOf(newline); at >= 0; at = chunk.indexOf(newline, from)) {
        add(chunk.subarray(from, at))
        finish()
        from = at + 1
      }
      // A copy: the rest of a chunk would keep all of it alive for as long as the line is unfinished.
      if (from < chunk.length) add(Buffer.from(chunk.subarray(from)))
    },
    end: finish,
  }
}
