/** The front door: what was asked for on the command line. `tutti.js` comes before it and sees to the Node version. */

import { setFlagsFromString } from 'node:v8'
import { resolvePackagesOnce } from './lib/resolve-once.ts'

resolvePackagesOnce(new URL('.', import.meta.url).href)
// Loading some hundred modules makes V8 grow its heap, which it never gives back: a service that waits for webhooks most of
// the day would hold that for nothing. Measured: 150 MB when everything is loaded without these two, 115 with them.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--optimize-for-size')
const { main } = await import('./cli/cli.ts')
process.exitCode = await main(process.argv.slice(2))
