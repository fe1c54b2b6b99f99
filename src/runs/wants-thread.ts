/** Where the agent of an attempt is supervised. */

import type { Settings } from '../config/settings.ts'
import { threadsFrom } from '../scheduler/concurrency-mode.ts'

/**
 * Whether a new agent is supervised in another thread: where the repository's settings ask for it, and where many
 * agents work. An agent stays in the thread in which it began.
 * @param mode of the repository's settings; `sequential` and `parallel-async` limit how many of its agents work at once.
 * With many agents of other repositories they get a thread as well.
 * @param atWork attempts that this process carries out, the new one included.
 */
export function wantsThread(mode: Settings['schedule']['mode'], atWork: number): boolean {
  return mode === 'parallel-threads' || atWork >= threadsFrom
}
