import { isUnsupported } from '../http-status.ts'
import type { EffectHandler } from './lib/handler.ts'

/** A reaction to a comment. GitHub keeps one of each kind for each user, so that a second one changes nothing. */
export const effect: EffectHandler<'reaction'> = {
  kind: 'reaction',
  async publish({ commentId, content, line }, { octokit, at, missing }) {
    try {
      const { createForIssueComment, createForPullRequestReviewComment } = octokit.rest.reactions
      await (line ? createForPullRequestReviewComment : createForIssueComment)({
        ...at,
        comment_id: commentId,
        content,
      })
    } catch (error) {
      // The comment may be deleted, or the server may not have reactions: the answer itself is what counts.
      if (!isUnsupported(error)) throw error
      missing('reactions')
    }
    return {}
  },
}
