/** `tutti status`: a repository at a glance, or where one issue stands. */

import { loadDotEnv, readClientEnv } from '../config/env.ts'
import { findServer } from './lib/access.ts'
import { showsColor } from './lib/style.ts'
import { giveTyped } from './run.ts'
import { defineVerb } from './verb.ts'

/** Columns where stdout is a file or a pipe. */
const usualWidth = 100

export const status = defineVerb({
  json: true,
  server: true,
  declare: (command) => command.argument('[where]', 'acme/app, or acme/app#12 for one issue'),
  run: async ({ args: [where], json, raw, server }) => {
    if (where !== undefined && /#\d+$|^\d+$|\/\d+$/.test(where)) return giveTyped('status', raw)
    loadDotEnv(process.cwd())
    const access = findServer(server, readClientEnv())
    const [{ askState }, { terminalView }] = await Promise.all([
      import('./lib/state.ts'),
      import('../messages/terminal.ts'),
    ])
    const state = await askState(access, { repository: where ?? server.repository })
    const width = process.stdout.columns ?? usualWidth
    console.log(json ? JSON.stringify(state) : terminalView(state, { width, color: showsColor(), now: new Date() }))
    return 0
  },
})
