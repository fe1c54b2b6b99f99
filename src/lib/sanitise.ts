/**
 * What agents and outsiders wrote, made harmless before it is posted: nobody is mentioned, no issue is closed, no image
 * is loaded, no command is given, no secret is shown. Prompt injection is assumed to succeed; this bounds its reach.
 */

/** GitHub refuses bodies past this many characters. */
export const maxBody = 65_536

// Between two characters that would mean something together; GitHub renders it as nothing.
const gap = '<!-- -->'

/**
 * Text from an agent as quiet markdown.
 * @param limit characters kept; a sentence says when there was more.
 */
export function sanitiseMarkdown(text: string, limit = 4_000): string {
  const plain = text
    .replace(/\r\n?/g, '\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is removed
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/<(?=[a-z!/?])/gi, '&lt;')
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, (_, label: string, url: string) =>
      label === url ? label : `${label} (\`${url.replaceAll('`', '')}\`)`,
    )
    .replace(/^\s*\[[^\]]+\]:.*$/gm, '')
    .replace(/(^|[^\w`/])@(?=[a-z\d])/gi, `$1@${gap}`)
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+(?:[\w.-]+\/[\w.-]+)?)#(?=\d)/gi, `$1$2#${gap}`)
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+)(https?:\/\/)/gi, `$1$2${gap}$3`)
    .replace(/^(\s*)\/(?=[a-z])/gim, '$1\\/')
    .replace(/\bhttps?:\/\/\S+/gi, (url) => (url.includes('`') ? url : `\`${url}\``))
    .trim()
  return cut(plain, limit)
}

/** Output of a program for a fenced block: it cannot end the block, and nothing in it is markdown. */
export function codeBlock(output: string, limit = 20_000): string {
  const longest = Math.max(2, ...[...output.matchAll(/`+/g)].map((run) => run[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${cut(output, limit)}\n${fence}`
}

/** Text from outside on one line, for use inside a sentence or a table cell. */
export function singleLine(text: string, limit = 200): string {
  return sanitiseMarkdown(text.replace(/\s+/g, ' '), limit).replaceAll('|', '\\|')
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${text.slice(0, limit)}\n… (${text.length - limit} more characters)`
}

/** A whole body within GitHub's limit. @param end what stands at its end, and is never cut. */
export function withinLimit(body: string, end = ''): string {
  if (body.length + end.length <= maxBody) return body + end
  return `${body.slice(0, maxBody - 60 - end.length)}\n\n… (cut: the text was too long)${end}`
}

// The shapes of GitHub's tokens: classic and fine-grained, and since April 2026 `ghs_APPID_JWT`.
const tokenShapes =
  /(?:\bgh[pousr]_[A-Za-z0-9_.-]{20,}[A-Za-z0-9]|\bgithub_pat_[A-Za-z0-9_]{20,}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))/g

/**
 * Makes a function that takes known secrets out of text: as they are, reversed, and in base64, base64url, hex and URL
 * encoding; then whatever looks like a GitHub token or a private key. A secret that was split or encrypted is not found.
 */
export function redactor(secrets: () => Iterable<string>): (text: string) => string {
  return (text) => {
    let result = text
    for (const secret of secrets()) {
      if (secret.length < 8) continue
      for (const form of forms(secret)) result = result.replaceAll(form, '[redacted]')
    }
    return result.replace(tokenShapes, '[redacted]')
  }
}

function forms(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const reversed = [...secret].reverse().join('')
  const hex = bytes.toString('hex')
  // The end of base64 depends on what follows; the stable part in front is what is looked for.
  const base64 = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString('base64')
  return [
    secret,
    reversed,
    hex,
    hex.toUpperCase(),
    base64,
    base64.replaceAll('+', '-').replaceAll('/', '_'),
    encodeURIComponent(secret),
  ]
}
