/** JSON that every reader takes. Postgres refuses NUL and half a surrogate pair in it, and UTF-8 cannot say the half. */

/** How JSON writes them. */
const suspicious = /\\u(?:0000|d[89a-f])/i

/** Text without NUL; half a surrogate pair becomes U+FFFD. */
export function storableString(text: string): string {
  return text.replaceAll('\0', '').toWellFormed()
}

/**
 * Parses JSON; every text in it is a `storableString`, whatever the field.
 * @throws {SyntaxError} when it is no JSON.
 */
export function parseStorable(json: string): unknown {
  // A reviver is called for each value: most JSON needs none.
  return suspicious.test(json)
    ? JSON.parse(json, (_, value: unknown) => (typeof value === 'string' ? storableString(value) : value))
    : JSON.parse(json)
}

/** The same JSON, of texts that are storable. What is no JSON stays as it is. */
export function storableJson(json: string): string {
  if (!suspicious.test(json)) return json
  try {
    return JSON.stringify(parseStorable(json))
  } catch {
    return json
  }
}
