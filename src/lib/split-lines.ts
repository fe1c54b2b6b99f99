/** Splits a stream of bytes into lines. It never buffers more than the limit of one line. */

export interface LineSplitter {
  push(chunk: Buffer): void
  /** Emits the last line when it has no line end. */
  end(): void
}

const newline = 0x0a

/**
 * @param options.maxBytes longer lines are dropped completely; `onTooLong` is called once for each.
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
      // A copy: a view would keep the whole chunk in memory until the line is complete.
      if (from < chunk.length) add(Buffer.from(chunk.subarray(from)))
    },
    end: finish,
  }
}
