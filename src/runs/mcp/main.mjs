/**
 * The MCP server that an agent starts. It is only a pipe: the tools are in the process that started the agent, where the
 * database is. This program copies bytes between its standard streams and that process. It is JavaScript: in a sandbox nothing that
 * Node has compiled is kept, and taking off types would take three times as long as all the rest. Its one argument is a file
 * with the socket and the run's secret: in a command line or an environment, logs would show them.
 */

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const { socket, secret } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8'))
const connection = connect(socket)
connection.on('error', () => process.exit(1))
connection.on('close', () => process.exit(0))
connection.write(`${secret}\n`)
process.stdin.pipe(connection)
connection.pipe(process.stdout)
