/** `tutti top`: a repository, live, until `q` or Ctrl-C. Where stdout is no terminal it prints the state once. */

import { setTimeout as wait } from 'node:timers/promises'
import { loadDotEnv, readClientEnv } from '../config/env.ts'
import { OperatorError } from '../lib/errors.ts'
import type { TerminalState } from '../messages/terminal.ts'
import { VerbError } from './exit-codes.ts'
import { findServer } from './lib/access.ts'
import { openScreen } from './lib/screen.ts'
import { showsColor } from './lib/style.ts'
import { defineVerb } from './verb.ts'

export const top = defineVerb({
  server: true,
  declare: (command) =>
    command
      .argument('[where]', 'acme/app; the only repository when absent')
      .option('--every <seconds>', 'how often it is asked, 0.5 to 60', '2'),
  more: 'Keys: q or Ctrl-C ends. Where stdout is no terminal the state is printed once, as by `tutti status`.',
  run: async ({ args: [where], options, server }) => {
    const every = Number(options.every)
    if (!(every >= 0.5 && every <= 60)) throw new VerbError('usage', `--every is 0.5 to 60 seconds: ${options.every}`)
    loadDotEnv(process.cwd())
    const [{ askState }, { terminalView }] = await Promise.all([
      import('./lib/state.ts'),
      import('../messages/terminal.ts'),
    ])
    // Looked up each time: a Tutti that was restarted has another port and token.
    const ask = () => askState(findServer(server, readClientEnv()), { repository: where ?? server.repository })
    const color = showsColor()
    const first = await ask()
    if (!process.stdout.isTTY) {
      console.log(terminalView(first, { width: 100, color, now: new Date() }))
      return 0
    }
    const note = `q quits · every ${every} s`
    await live(first, {
      ask,
      every,
      show: (state, size) => terminalView(state, { ...size, color, now: new Date() }),
      note,
    })
    return 0
  },
})

interface Live {
  ask(): Promise<TerminalState>
  /** Seconds. */
  every: number
  show(state: TerminalState, size: { width: number; height: number }): string
  note: string
}

async function live(first: TerminalState, { ask, every, show, note }: Live): Promise<void> {
  let state = first
  let problem = ''
  const screen = openScreen((size) => `${show(state, { ...size, height: size.height - 2 })}\n\n ${problem || note}`)
  try {
    while (!screen.ended.aborted) {
      screen.draw()
      await wait(every * 1_000, undefined, { signal: screen.ended }).catch(() => {})
      if (screen.ended.aborted) break
      try {
        state = await ask()
        problem = ''
      } catch (error) {
        // A Tutti that is restarted is away for some seconds: the last state stays, and says so.
        if (!(error instanceof OperatorError)) throw error
        problem = `${error.message}; trying again`
      }
    }
  } finally {
    screen.close()
  }
}
