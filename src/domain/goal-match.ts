/** Whether a goal is wanted already: how much its words and the titles of items have in common. Pure. */

/** Words that say nothing about what a goal is about. */
const empty = new Set(
  'the and for with from into that this these those when where should would could can let lets have has are our your their them they people users user someone add adds added make makes create implement build support allow enable provide introduce write new better more some all any not via using use into about'.split(
    ' ',
  ),
)

/** The words that matter, without their endings. */
function matchWords(text: string): Set<string> {
  const words = text.toLowerCase().match(/[\p{L}\d]{3,}/gu) ?? []
  return new Set(words.filter((word) => !empty.has(word)).map(stem))
}

function stem(word: string): string {
  const short = word.replace(/ies$/, 'y').replace(/(?:ing|ed|es|s)$/, '')
  return short.length >= 3 ? short : word
}

/** An item with how well it fits: 1 is the same words. */
export interface GoalMatch<Item> {
  item: Item
  /** The part of the shorter text's words that both have, 0 to 1. */
  score: number
}

/** With this much in common an item is offered instead of a new one. */
export const goalIsAlike = 0.6

/**
 * The items that a goal may mean, best first. They share two words at least: one alone is a coincidence.
 * @param most at most so many.
 */
export function matchGoal<Item extends { title: string; issueNumber: number }>(
  goal: string,
  items: readonly Item[],
  most = 5,
): GoalMatch<Item>[] {
  const wanted = matchWords(goal)
  return items
    .flatMap((item) => {
      const words = matchWords(item.title)
      const shared = [...words].filter((word) => wanted.has(word)).length
      return shared < 2 ? [] : [{ item, score: shared / Math.min(words.size, wanted.size) }]
    })
    .sort((a, b) => b.score - a.score || a.item.issueNumber - b.item.issueNumber)
    .slice(0, most)
}
