/** What people read when an item had stopped moving for no reason of theirs. */

/** Nothing was under way for it, and nothing is left to go on with. */
export const startsAgain = 'Nothing was at work on it any more, so it starts again. This costs no attempt.'

/** The merge was decided and never asked of GitHub. */
export const mergeLost = 'The merge did not get as far as GitHub. Say `/merge` again.'
