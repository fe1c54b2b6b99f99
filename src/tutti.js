#!/usr/bin/env node
/**
 * The door in front of the front door. It is JavaScript: an older Node cannot read the others, and would say so in the
 * words of its module loader.
 */

import * as module from 'node:module'
import { fileURLToPath } from 'node:url'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
if (major < 22 || (major === 22 && minor < 20)) {
  console.error(
    `Tutti needs Node 22.20 or newer; this is ${process.versions.node}. In its folder, npm brings the right one: npm run tutti -- ${process.argv.slice(2).join(' ')}`.trim(),
  )
  process.exit(1)
}
// What Node has compiled is kept beside the packages, where only who may change them can write. Where it cannot be written, Node
// compiles at each start, which takes twice as long.
module.enableCompileCache(fileURLToPath(new URL('../node_modules/.cache/tutti-compiled', import.meta.url)))
await import('./main.ts')
