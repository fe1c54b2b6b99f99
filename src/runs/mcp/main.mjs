/**
 * The MCP server that an agent starts where there is no `socat`. It is only a pipe: the tools are in the process that started
 * the agent, where the database is. It is JavaScript: in a sandbox nothing that Node has compiled is kept, and taking off types
 * would take three times as long as all the rest. Its one argument is a file with the folder of the socket, whose name is
 * the secret of the run: in a command line or an environment, logs would show it.
 */

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'

const [folder = ''] = readFileSync(process.argv[2] ?? '', 'utf8').split('\n')
const connection = connect(join(folder, 'tools.sock'))
connection.on('error', () => process.exit(1))
connection.on('close', () => process.exit(0))
process.stdin.pipe(connection)
connection.pipe(process.stdout)
