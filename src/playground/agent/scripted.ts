/**
 * The playground's kind of agent: a real program speaking ACP that does what a script in the issue says. It needs no
 * account and no network. The script's language, which can run shell lines, is described in `script.ts`.
 *
 * Plain data in the shape of `src/agents/agent.ts`; the demo and the tests register it with `AGENT_FILES`.
 */

import { fileURLToPath } from 'node:url'

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url))
const program = here('./main.ts')

export const agent = {
  id: 'scripted',
  title: 'Scripted agent',
  protocol: 'acp',
  start: ({ command }: { command?: readonly string[] }) => {
    const [file, ...args] = command ?? []
    return file === undefined ? { file: process.execPath, args: [program] } : { file, args }
  },
  env: ['TUTTI_SCRIPT_DELAY_MS', 'NODE_COMPILE_CACHE'],
  // Node 22 prints a warning for running TypeScript as it is, which would be the first line of every log.
  fixedEnv: { NODE_NO_WARNINGS: '1' },
  // The program is TypeScript of this repository, and imports a package.
  reads: [here('.'), here('../../../node_modules'), here('../../../package.json')],
  install: 'comes with the playground',
  // It runs what an issue says: whoever can write an issue can run a command.
  playgroundOnly: true,
}
