/**
 * What an agent starts as its MCP server: a pipe, and nothing else. The tools are in the process that started the agent,
 * where the database is; this program only carries bytes between its own standard streams and that process, so it
 * starts in the time that Node takes. Its one argument is a file with the socket and the run's secret: neither stands
 * in a command line or an environment, where logs would show them.
 */

import { readFileSync } from 'node:fs'
import { connect } from 'node:net'

const { socket, secret } = JSON.parse(readFileSync(process.argv[2] ?? '', 'utf8')) as {
  socket: string
  secret: string
}
const line = connect(socket)
line.on('error', () => process.exit(1))
line.on('close', () => process.exit(0))
line.write(`${secret}\n`)
process.stdin.pipe(line)
line.pipe(process.stdout)
