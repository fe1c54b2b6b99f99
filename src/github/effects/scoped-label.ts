import type { EffectHandler } from './lib/handler.ts'
import { labelsOf, replaceLabels } from './lib/labels.ts'

/** The one label of a family. People set such labels too, so that GitHub is always asked which there are. */
export const effect: EffectHandler<'scoped-label'> = {
  kind: 'scoped-label',
  async publish({ issueNumber, family, label }, context) {
    const present = (await labelsOf(issueNumber, context)).filter((name) => name.toLowerCase().startsWith(family))
    await replaceLabels(issueNumber, present, label, context)
    return { label }
  },
}
