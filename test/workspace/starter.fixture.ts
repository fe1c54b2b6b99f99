/** An orchestrator that waits for a server which never answers. Tells the id of its starter, then waits to be killed. */

import { createStarter } from '../../src/workspace/starter.ts'

const [url = ''] = process.argv.slice(2)
const starter = createStarter()
const remote = { askpass: 'false', origin: url, token: undefined, allowLocal: false }
void starter.git(['ls-remote', '-q', '--end-of-options', url, 'refs/heads/main'], { remote })
process.send?.(starter.pid)
