/** Sets up the checkout in which gates run. */

import { setUpFailed, setUpFailedByChange } from '../../messages/runs.ts'
import { type SetUpServices, setUpTree, type TreeToSetUp } from '../../runs/set-up/set-up.ts'
import { CheckoutRefused, SetUpBroken } from '../gate.ts'

/** @throws {CheckoutRefused | SetUpBroken} when the set-up step fails. */
export async function setUpCheckout(services: SetUpServices, tree: TreeToSetUp): Promise<void> {
  const outcome = await setUpTree(services, tree)
  if (outcome.kind !== 'failed') return
  if (outcome.ownChange) throw new CheckoutRefused(setUpFailedByChange(outcome.how), outcome.log)
  throw new SetUpBroken(setUpFailed(outcome.how), outcome.log)
}
