/** Options of the scripts: `--help` shows how they are used, and what does not fit is said in one line. */

import { type ParseArgsOptionsConfig, parseArgs } from 'node:util'

/**
 * Reads the options of this process. With `--help` it prints `usage` and ends with code 0; for an option that is not known or
 * has no value it says so and ends with code 2.
 * @param options as `parseArgs` of Node takes them.
 */
export function readOptions<Options extends ParseArgsOptionsConfig>(usage: string, options: Options) {
  try {
    if (process.argv.includes('--help') || process.argv.includes('-h')) end(usage, 0)
    return parseArgs({ options }).values
  } catch (error) {
    return refuse(error instanceof Error ? error.message : String(error), usage)
  }
}

/** Says what does not fit and how the script is used, and ends with code 2. */
export function refuse(problem: string, usage: string): never {
  return end(`${problem}\n${usage}`, 2)
}

function end(text: string, code: number): never {
  ;(code === 0 ? process.stdout : process.stderr).write(`${text}\n`)
  process.exit(code)
}
