/** Slack, by an incoming webhook (docs.slack.dev, "Sending messages using incoming webhooks"). */

import type { NoticeSender } from './notice.ts'
import { postJson } from './post-json.ts'

/** Sends to the channel that the webhook belongs to. @param url holds a secret. */
export function slackSender(url: string): NoticeSender {
  return {
    send: ({ subject, text, url: link }) =>
      postJson(url, { text: `*${escaped(subject)}*\n${escaped(text)}\n${link}`, unfurl_links: false }),
  }
}

/** Slack reads `<!channel>`, `<@U1>` and links between angle brackets. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
}
