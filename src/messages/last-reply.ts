/** The reply to the last command, as both status comments end with it. */

/** What was replied before the last step may be true no longer: it is folded, so that it is neither pinned nor lost. */
export function lastReply({ reply, oldReply }: { reply: string | null; oldReply: string | null }): string {
  if (reply) return `---\n${reply}`
  return oldReply ? `<details><summary>The last reply, before this step</summary>\n\n${oldReply}\n\n</details>` : ''
}
