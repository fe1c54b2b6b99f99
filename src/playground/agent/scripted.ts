/**
 * The playground's kind of agent: a real program speaking ACP that does what a script in the issue says. It needs no
 * account and no network. The script's language, which can run shell lines, is described in `script.ts`.
 *
 * Plain data in the shape of `src/agents/agent.ts`; the demo and the tests register it with `AGENT_FILES`.
 */

import { fileURLToPath } from 'node:url'
import { preparedProgram } from './prepare.ts'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
let program: string | undefined

export const agent = {
  id: 'scripted',
  title: 'Scripted agent',
  protocol: 'acp',
  start: ({ command }: { command?: readonly string[] }) => {
    const [file, ...args] = command ?? []
    if (file !== undefined) return { file, args }
    program ??= preparedProgram(here('.'), here('../../../node_modules/.cache/tutti-scripted-agent'))
    return { file: process.execPath, args: [program] }
  },
  env: ['TUTTI_SCRIPT_DELAY_MS', 'TUTTI_SCRIPT_SESSIONS', 'NODE_COMPILE_CACHE'],
  // Node 22 prints a warning for running TypeScript as it is, which would be the first line of every log.
  fixedEnv: { NODE_NO_WARNINGS: '1' },
  // Where the program is prepared, and where it is not.
  reads: [here('.'), here('../../../node_modules'), here('../../../package.json')],
  install: 'comes with the playground',
  // It runs what an issue says: whoever can write an issue can run a command.
  playgroundOnly: true,
}
