import { lifecycle } from '../../domain/lifecycle.ts'
import type { EffectHandler } from './lib/handler.ts'
import { labelsOf, replaceLabels } from './lib/labels.ts'

const stateLabels = new Set(Object.keys(lifecycle).map((state) => `tutti:${state}`))

/** The label that says where the work on an issue stands. */
export const effect: EffectHandler<'state-label'> = {
  kind: 'state-label',
  async publish({ issueNumber, label }, context) {
    const { before, mayExist } = context
    const known = typeof before.label === 'string' ? [before.label] : []
    // A label whose answer was lost is on the issue without our knowing. Otherwise no read is spent on it.
    const present = mayExist
      ? (await labelsOf(issueNumber, context)).filter((name) => stateLabels.has(name.toLowerCase()))
      : known
    await replaceLabels(issueNumber, present, label, context)
    return { label }
  },
}
