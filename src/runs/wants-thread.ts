/** Where the agent of an attempt is supervised. */

import type { Settings } from '../config/settings.ts'
import { threadsFrom } from '../scheduler/concurrency-mode.ts'

/**
 * Whether an agent that begins now is supervised in a thread of its own: where the repository's settings ask for it, and
 * where many are at work. Nobody is moved later; those that began in the main thread end there.
 * @param mode of the repository's settings; `sequential` and `parallel-async` limit how many of its agents work at once, and
 * do not keep an agent out of a thread when others are many.
 * @param atWork attempts that this process carries out, the one that begins among them.
 */
export function wantsThread(mode: Settings['schedule']['mode'], atWork: number): boolean {
  return mode === 'parallel-threads' || atWork >= threadsFrom
}
