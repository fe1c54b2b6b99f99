/** Microsoft Teams, by the webhook of a workflow: it takes an Adaptive Card (learn.microsoft.com, "Create incoming webhooks with Workflows"). */

import type { NoticeSender } from './notice.ts'
import { postJson } from './post-json.ts'

/** Sends to the channel or chat that the workflow posts to. @param url holds a secret. */
export function teamsSender(url: string): NoticeSender {
  return { send: ({ subject, text, url: link }) => postJson(url, cardOf(subject, text, link)) }
}

function cardOf(subject: string, text: string, url: string): unknown {
  // A RichTextBlock shows text as it is; a TextBlock would read markdown, with its links.
  const block = (value: string, more: object = {}) => ({
    type: 'RichTextBlock',
    inlines: [{ type: 'TextRun', text: value, ...more }],
  })
  const content = {
    $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
    type: 'AdaptiveCard',
    version: '1.4',
    body: [block(subject, { weight: 'bolder' }), block(text)],
    actions: [{ type: 'Action.OpenUrl', title: 'Open on GitHub', url }],
  }
  return { type: 'message', attachments: [{ contentType: 'application/vnd.microsoft.card.adaptive', content }] }
}
