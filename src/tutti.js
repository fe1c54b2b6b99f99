#!/usr/bin/env node
/**
 * The door in front of the front door, and the one file that is JavaScript: an older Node cannot read the others, and
 * would say so in the words of its module loader.
 */

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 20)) {
  console.error(
    `Tutti needs Node 22.20 or newer; this is ${process.versions.node}. Inside the project, npm scripts bring their own: npm start`,
  )
  process.exit(1)
}
await import('./main.ts')
