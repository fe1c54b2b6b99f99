/** The subjects that the crew broadcasts on, and what the messages there say. */

/** The kinds of messages (`MessageType` of the seed): progress, a result, an obstacle, words. */
export type BroadcastKind = 'status' | 'complete' | 'blocker' | 'message'

/** `type` of the payload, by kind. */
export const messageTypes: Readonly<Record<BroadcastKind, string>> = {
  status: 'status_update',
  complete: 'task_complete',
  blocker: 'blocker',
  message: 'message',
}

/** Everything is published below this. */
export const subjectRoot = 'orchestrator'

/**
 * The subject of a broadcast: `orchestrator.agent.<id>.complete` for a member of the crew,
 * `orchestrator.channel.<name>` for words, `orchestrator.status` for Tutti itself.
 */
export function subjectOf(kind: BroadcastKind, about: { memberId?: number; channel?: string }): string {
  if (kind === 'message') return `${subjectRoot}.channel.${token(about.channel ?? 'general')}`
  return about.memberId === undefined ? `${subjectRoot}.${kind}` : `${subjectRoot}.agent.${about.memberId}.${kind}`
}

/** Text as one token of a subject: NATS separates by dots, and `*` and `>` are wildcards. */
function token(text: string): string {
  return text.replace(/[^A-Za-z0-9_-]+/g, '-').slice(0, 60) || 'general'
}
