/**
 * Makes the text of agents and outsiders harmless before it is posted: it mentions no user, closes no issue, loads no
 * image, runs no command and contains no secret. Prompt injection is assumed to succeed; this limits its effect.
 */

import { firstCharacters } from './sanitise-text.ts'

/** GitHub refuses longer bodies, in characters. */
export const maxBody = 65_536

// Separates two characters that have a meaning together. GitHub renders it as nothing.
const separator = '<!-- -->'

/**
 * Text from an agent as harmless markdown.
 * @param limit characters to keep; a sentence follows when there are more.
 */
export function sanitiseMarkdown(text: string, limit = 4_000): string {
  const plain = text
    .replace(/\r\n?/g, '\n')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern removes control characters
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g, '')
    .replace(/<(?=[a-z!/?])/gi, '&lt;')
    .replace(/!\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, (_, label: string, url: string) =>
      label === url ? label : `${label} (\`${url.replaceAll('`', '')}\`)`,
    )
    .replace(/^\s*\[[^\]]+\]:.*$/gm, '')
    .replace(/(^|[^\w`/])@(?=[a-z\d])/gi, `$1@${separator}`)
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+(?:[\w.-]+\/[\w.-]+)?)#(?=\d)/gi, `$1$2#${separator}`)
    .replace(/\b(close[sd]?|fix(?:e[sd])?|resolve[sd]?)(:?\s+)(https?:\/\/)/gi, `$1$2${separator}$3`)
    .replace(/^(\s*)\/(?=[a-z])/gim, '$1\\/')
    .replace(/\bhttps?:\/\/\S+/gi, (url) => (url.includes('`') ? url : `\`${url}\``))
    .trim()
  return cut(plain, limit)
}

/** The output of a program as a fenced block that the output cannot end. */
export function codeBlock(output: string, limit = 20_000): string {
  const longest = Math.max(2, ...[...output.matchAll(/`+/g)].map((run) => run[0].length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}text\n${cut(output, limit)}\n${fence}`
}

/** Untrusted text on one line, for use inside a sentence or a table cell. */
export function singleLine(text: string, limit = 200): string {
  return sanitiseMarkdown(text.replace(/\s+/g, ' '), limit).replaceAll('|', '\\|')
}

function cut(text: string, limit: number): string {
  return text.length <= limit ? text : `${firstCharacters(text, limit)}\n… (${text.length - limit} more characters)`
}

/** A body truncated to GitHub's limit. @param end what stands at its end, and is never cut. */
export function withinLimit(body: string, end = ''): string {
  if (body.length + end.length <= maxBody) return body + end
  return `${firstCharacters(body, maxBody - 60 - end.length)}\n\n… (cut: the text was too long)${end}`
}

// The formats of GitHub's tokens (classic and fine-grained, and since April 2026 `ghs_APPID_JWT`), and of ours.
const tokenFormats =
  /(?:\bgh[pousr]_[A-Za-z0-9_.-]{20,}[A-Za-z0-9]|\bgithub_pat_[A-Za-z0-9_]{20,}|\btutti_[\w-]{43}|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|$))/g

/**
 * Creates a function that removes known secrets from text: in plain text, reversed, and in base64, base64url, hex and
 * URL encoding. It also removes text in the format of a GitHub token or a private key. It does not find a secret that
 * is split or encrypted.
 */
export function redactor(secrets: () => Iterable<string>): (text: string) => string {
  // Of the secrets that there are now, and of no others: most texts are short, and the secrets are the same for all of them.
  let known = new Map<string, string[]>()
  return (text) => {
    let result = text
    const now = new Map<string, string[]>()
    for (const secret of secrets()) {
      if (secret.length < 8) continue
      const encodings = known.get(secret) ?? encodingsOf(secret)
      now.set(secret, encodings)
      for (const encoded of encodings) result = result.replaceAll(encoded, '[redacted]')
    }
    known = now
    return result.replace(tokenFormats, '[redacted]')
  }
}

/** A secret as it is, reversed, in hex, base64, base64url and URL encoding. */
export function encodingsOf(secret: string): string[] {
  const bytes = Buffer.from(secret)
  const reversed = [...secret].reverse().join('')
  const hex = bytes.toString('hex')
  // The end of base64 depends on the bytes that follow. Only the stable part before it is searched for.
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
