/** The ways in besides comments, by the names that the audit log has for them. */

export type Door = 'rest' | 'mcp' | 'cli' | 'dashboard'

/**
 * The header by which our own command line says that it is that, and no other program: people look for what they have typed
 * in the audit log. Whoever has a token may send it, so nothing but that word depends on it.
 */
export const clientHeader = 'x-tutti-client'

/** The door of a request to the API. @param client the value of that header. */
export function doorOfClient(client: string | undefined): Door {
  return client === 'cli' ? 'cli' : 'rest'
}
