/** The submodules of a checkout: filled where that can be done, else named. */

import type { BareClone } from '../git/bare-clone.ts'
import type { Sha } from '../lib/ids.ts'
import { submoduleMissing, submoduleReadOnly } from '../messages/runs.ts'

/**
 * Fills the folders of submodules in a checkout.
 * @returns a sentence for each that stays empty, and one for each that is there, for the agent.
 */
export async function notesOnSubmodules(
  control: BareClone,
  commit: Sha,
  path: string,
): Promise<{ missing: string[]; present: string[] }> {
  const submodules = await control.fillSubmodules(commit, path)
  return {
    missing: submodules.flatMap((one) => (one.problem ? submoduleMissing(one.path, one.problem) : [])),
    present: submodules.flatMap((one) => (one.problem ? [] : submoduleReadOnly(one.path))),
  }
}
