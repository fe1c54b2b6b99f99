/** The environment of a program of the repository: a small base, and what the operator gives it. */

import { mkdir } from 'node:fs/promises'
import { delimiter, isAbsolute, join } from 'node:path'

const usualPath = '/usr/local/bin:/usr/bin:/bin'

/**
 * The whole environment of a program.
 * @param options.env of this process; PATH and LANG are taken from it.
 * @param options.marks by which the reaper knows its processes.
 * @param options.variables of the repository, for this purpose.
 * @param place an empty folder, where HOME and TMPDIR are made.
 */
export async function programEnvironment(
  options: {
    env: Readonly<Record<string, string>>
    marks?: Readonly<Record<string, string>>
    variables?: Readonly<Record<string, string>>
  },
  place: string,
): Promise<Record<string, string>> {
  const [HOME, TMPDIR] = [join(place, 'home'), join(place, 'tmp')]
  for (const folder of [HOME, TMPDIR]) await mkdir(folder)
  // A relative entry would find a program of the checkout instead of the real one.
  const path = (options.env.PATH ?? usualPath).split(delimiter).filter(isAbsolute).join(delimiter)
  const base = { PATH: path || usualPath, HOME, TMPDIR, LANG: options.env.LANG ?? 'C.UTF-8', CI: 'true' }
  return { ...options.variables, ...options.marks, ...base }
}
