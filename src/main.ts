#!/usr/bin/env node
/** The front door: what was asked for on the command line. Nothing is loaded before the Node version is known to fit. */

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 20)) {
  console.error(
    `Tutti needs Node 22.20 or newer; this is ${process.versions.node}. Inside the project, npm scripts bring their own: npm start`,
  )
  process.exit(1)
}

const { main } = await import('./cli.ts')
process.exitCode = await main(process.argv.slice(2))
