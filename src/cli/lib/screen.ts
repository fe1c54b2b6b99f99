/** The whole terminal as a page that is drawn again and again, and left as it was found. */

/** A page that is open. */
export interface Screen {
  /** Aborted once the person wants to leave. */
  readonly ended: AbortSignal
  draw(): void
  /** Gives the terminal back: its text, its cursor, its keys. */
  close(): void
}

const codes = {
  enter: '\u001b[?1049h\u001b[?25l\u001b[?7l',
  leave: '\u001b[?7h\u001b[?25h\u001b[?1049l',
  home: '\u001b[H',
  restOfLine: '\u001b[K',
  restOfPage: '\u001b[J',
}

/** q, Ctrl-C, Ctrl-D: in raw mode the terminal makes no signals of them. */
const leaving = ['q', 'Q', '\u0003', '\u0004']

/**
 * Takes over the terminal. It is given back at the end, whatever ends the process.
 * @param page the lines for a size, in columns and rows.
 */
export function openScreen(page: (size: { width: number; height: number }) => string): Screen {
  const { stdin, stdout } = process
  const ended = new AbortController()
  const end = () => ended.abort()
  const draw = () => {
    const size = { width: stdout.columns || 80, height: stdout.rows || 24 }
    const lines = page(size).split('\n').slice(0, size.height)
    // Overwritten line by line, not cleared first: it does not flicker. Each line is cleared before it is written: after a
    // line as wide as the window the cursor stands on its last column, which clearing would take.
    stdout.write(`${codes.home}${lines.map((line) => codes.restOfLine + line).join('\r\n')}${codes.restOfPage}`)
  }
  const onKey = (keys: Buffer) => {
    if (leaving.some((key) => keys.includes(key))) end()
  }
  const restore = () => stdout.write(codes.leave)
  const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
  stdout.write(codes.enter)
  process.once('exit', restore)
  if (stdin.isTTY) stdin.setRawMode(true)
  stdin.on('data', onKey)
  stdout.on('resize', draw)
  for (const signal of signals) process.on(signal, end)
  return {
    ended: ended.signal,
    draw,
    close: () => {
      process.off('exit', restore)
      stdin.off('data', onKey)
      stdout.off('resize', draw)
      for (const signal of signals) process.off(signal, end)
      if (stdin.isTTY) stdin.setRawMode(false)
      stdin.pause()
      restore()
    },
  }
}
