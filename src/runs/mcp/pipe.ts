/** The program that an agent starts as its MCP server. It is only a pipe between the agent and the socket of the run. */

import { fileURLToPath } from 'node:url'
import { socketName } from './socket-folder.ts'

const nodePipe = fileURLToPath(new URL('main.mjs', import.meta.url))

/**
 * Gives the process over to `socat`. The folder is entered and not named: its name is the secret of the run, and a command line
 * or an environment shows up in logs. All values are arguments: nothing of them is read by the shell as code.
 */
const script = [
  'IFS= read -r folder <"$1" && cd -- "$folder" || exit 1',
  'unset folder PWD OLDPWD',
  `exec "$2" -b65536 - UNIX-CONNECT:${socketName}`,
].join('\n')

/**
 * The command of the pipe: `socat`, which takes a few megabytes less than one, and Node, which takes some 40, where there is none.
 * @param file holds the folder of the socket, in one line.
 * @param socat absolute path of that program.
 * @returns `paths`: what a sandbox must show besides the file.
 */
export function pipeProgram(
  file: string,
  socat: string | undefined,
): { command: string; args: string[]; paths: string[] } {
  return socat
    ? { command: '/bin/sh', args: ['-c', script, 'sh', file, socat], paths: [] }
    : { command: process.execPath, args: [nodePipe, file], paths: [nodePipe] }
}
