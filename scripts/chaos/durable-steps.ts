/**
 * What a client of Postgres has made durable, read from the conversation alone: the messages of protocol 3.0
 * (postgresql.org/docs/current/protocol-message-formats.html), so far as commits and written rows show in them.
 */

/** Cuts a stream into messages: one byte of type, four of length, the rest. */
export class MessageReader {
  #rest: Buffer = Buffer.alloc(0)
  #begun: boolean

  /** @param startsUntyped the first message has no type, as the one with which a client begins. */
  constructor(startsUntyped: boolean) {
    this.#begun = !startsUntyped
  }

  /** @returns the messages that these bytes complete: type ('' without one) and content. */
  take(bytes: Buffer): { type: string; content: Buffer }[] {
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes])
    const messages: { type: string; content: Buffer }[] = []
    for (;;) {
      const head = this.#begun ? 1 : 0
      if (this.#rest.length < head + 4) return messages
      const end = head + this.#rest.readUInt32BE(head)
      if (this.#rest.length < end) return messages
      const type = this.#begun ? String.fromCharCode(this.#rest[0] ?? 0) : ''
      messages.push({ type, content: this.#rest.subarray(head + 4, end) })
      this.#begun = true
      this.#rest = this.#rest.subarray(end)
    }
  }
}

/** Statements that are answered together. */
interface Request {
  statements: string[]
  /** One text that may hold several statements. */
  simple: boolean
  answered: number
}

/** Follows one connection. */
export class DurableSteps {
  readonly #prepared = new Map<string, string>()
  readonly #portals = new Map<string, string>()
  readonly #requests: Request[] = []
  readonly #written = new Set<string>()
  #open: Request | undefined
  #failed = false

  /** A message of the client. */
  asked(type: string, content: Buffer): void {
    const [first = '', second = ''] = content.toString('latin1').split('\0', 2)
    if (type === 'Q') this.#requests.push({ statements: [first], simple: true, answered: 0 })
    if (type === 'P') this.#prepared.set(first, second)
    if (type === 'B') this.#portals.set(first, withParameter(this.#prepared.get(second) ?? '', content))
    if (type === 'E') this.#current().statements.push(this.#portals.get(first) ?? '')
    if (type === 'S') {
      this.#current()
      this.#open = undefined
    }
  }

  #current(): Request {
    if (!this.#open) {
      this.#open = { statements: [], simple: false, answered: 0 }
      this.#requests.push(this.#open)
    }
    return this.#open
  }

  /** A message of the server. @returns what it made durable, in words; undefined when nothing. */
  answered(type: string, content: Buffer): string | undefined {
    if (type === 'C') this.#completed(content.toString('latin1').replace('\0', ''))
    if (type === 'E') this.#failed = true
    if (type !== 'Z') return undefined
    this.#requests.shift()
    const inTransaction = String.fromCharCode(content[0] ?? 0) !== 'I'
    if (this.#failed && !inTransaction) this.#written.clear()
    this.#failed = false
    if (inTransaction || this.#written.size === 0) return undefined
    const step = [...this.#written].join(', ')
    this.#written.clear()
    return step
  }

  #completed(tag: string): void {
    if (tag.startsWith('ROLLBACK')) this.#written.clear()
    const [request] = this.#requests
    const statement = request?.statements[request.simple ? 0 : request.answered++] ?? ''
    const rows = Number(/ (\d+)$/.exec(tag)?.[1] ?? 0)
    if (rows > 0) for (const write of writesOf(statement)) this.#written.add(write)
  }
}

const writing =
  /(?<!\bfor )(?<!\bfor no key )\b(insert into|update|delete from)\s+(?!set\b|of\b|skip\b)((?:"?\w+"?\.)?"?\w+"?)(?:\s+(?:as\s+)?(?!set\b)\w+)?(?:\s+set\s+"?(\w+)"?)?/gi

/** `insert runs`, `update runs (state)`: which tables a statement writes; of an update the first column too. */
function writesOf(statement: string): string[] {
  const parameter = /^\[(\S*)\] /.exec(statement)?.[1] ?? /\bname = '([a-z-]+)'/.exec(statement)?.[1]
  return [...statement.matchAll(writing)].map(([, verb = '', table = '', column]) => {
    const name = table.replaceAll('"', '')
    const queue = name.startsWith('pgboss.') && parameter ? ` of ${parameter}` : ''
    return `${verb.split(' ')[0]?.toLowerCase()} ${name}${column ? ` (${column})` : ''}${queue}`
  })
}

/** The first parameter in front, where it is a short word: pg-boss names its queue there. */
function withParameter(statement: string, content: Buffer): string {
  let at = content.indexOf(0, content.indexOf(0) + 1) + 1
  at += 2 + 2 * content.readUInt16BE(at)
  if (content.readUInt16BE(at) === 0) return statement
  const length = content.readInt32BE(at + 2)
  const text = length > 0 && length < 60 ? content.toString('latin1', at + 6, at + 6 + length) : ''
  return /^[a-z][a-z-]*$/.test(text) ? `[${text}] ${statement}` : statement
}
