/**
 * Makes loading a program of some hundred modules two to four times faster. For each module that is loaded, Node takes the
 * `exports` of its package apart once more, and those of drizzle-orm are 130 KB, imported by every other file of ours. Measured
 * with Node 24.21 for all of `tutti serve`: 3.6 s of processor time become 1.3 s, and 330 MB of memory become 150 MB.
 */

import { type ResolveFnOutput, registerHooks } from 'node:module'

/** A package of ES modules alone (its CommonJS is named `.cjs`) with very long `exports`. */
const longExports = '/node_modules/drizzle-orm/'

/**
 * From now on a package that our files import is resolved once, and files inside of drizzle-orm find each other without its
 * `package.json`. What is loaded stays the same.
 * @param root URL of the folder with our files, with a slash at the end.
 */
export function resolvePackagesOnce(root: string): void {
  const known = new Map<string, ResolveFnOutput>()
  registerHooks({
    resolve(specifier, context, next) {
      const { parentURL = '', conditions } = context
      if (!conditions?.includes('import')) return next(specifier, context)
      if (specifier.startsWith('.') && specifier.endsWith('.js') && parentURL.includes(longExports)) {
        return { url: new URL(specifier, parentURL).href, format: 'module', shortCircuit: true }
      }
      if (!parentURL.startsWith(root) || !/^[@\w]/.test(specifier) || URL.canParse(specifier)) {
        return next(specifier, context)
      }
      const found = known.get(specifier) ?? { ...next(specifier, context), shortCircuit: true }
      known.set(specifier, found)
      return found
    },
  })
}
