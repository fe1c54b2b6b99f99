import type { EffectHandler } from './lib/handler.ts'
import { putComment } from './lib/put-comment.ts'

/** A comment that stands for itself. A new payload under the same key edits it. */
export const effect: EffectHandler<'comment'> = {
  kind: 'comment',
  publish: ({ issueNumber, body }, context) => putComment(issueNumber, body, context),
}
