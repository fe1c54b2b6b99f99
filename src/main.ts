#!/usr/bin/env node
/** The front door: what was asked for on the command line. Nothing is loaded before the Node version is known to fit. */

import { setFlagsFromString } from 'node:v8'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 20)) {
  console.error(
    `Tutti needs Node 22.20 or newer; this is ${process.versions.node}. Inside the project, npm scripts bring their own: npm start`,
  )
  process.exit(1)
}

// Loading some hundred modules makes V8 grow its heap to 200 MB, which it never gives back: a service that waits for
// webhooks most of the day would hold that for nothing. Measured: 269 MB at rest without these two, 120 to 140 with them.
setFlagsFromString('--semi-space-growth-factor=1')
setFlagsFromString('--optimize-for-size')
const { main } = await import('./cli.ts')
process.exitCode = await main(process.argv.slice(2))
