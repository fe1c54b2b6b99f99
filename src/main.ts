/** The front door: what was asked for on the command line. `tutti.js` comes before it and sees to the Node version. */

import { setFlagsFromString } from 'node:v8'

// Loading some hundred modules makes V8 grow its heap to 200 MB, which it never gives back: a service that waits for
// webhooks most of the day would hold that for nothing. Measured: 269 MB at rest without these two, 120 to 140 with them.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--optimize-for-size')
const { main } = await import('./cli/cli.ts')
process.exitCode = await main(process.argv.slice(2))
