/**
 * The script language of the scripted agent.
 *
 * The prompt holds a fenced block with the info word `tutti-script`, one step a line:
 *
 * ````text
 * ```tutti-script
 * say I read the issue.
 * plan [x] read | [>] change | [ ] test
 * attempt 1:
 *   write src/greeting.txt: helo
 * attempt 2+:
 *   write src/greeting.txt <<END
 *   hello
 *   END
 * feedback:
 *   replace src/greeting.txt: hello => good day
 * ```
 * ````
 *
 * Where the prompt asks for a plan (a line `Purpose: plan` or `Purpose: breakdown`), only the steps under `planning:`,
 * `planning N:` and `planning N+:` are done, N being the prompt's attempt; without such a heading the agent hands in a
 * plausible plan. These steps are done in no other case.
 *
 * Where the prompt asks for a review (a line `Purpose: review`), the same holds of `reviewing:`, `reviewing N:` and
 * `reviewing N+:`; without such a heading the agent finds nothing. Where it asks for proposals (`Purpose: propose`), of `proposing:`
 * and its like; without such a heading the agent makes one proposal.
 *
 * Steps before the first heading are done always. Then those under `feedback:`, when there is such a heading and the
 * prompt carries feedback (a line `Feedback: …`, or a Markdown heading that begins with "Review feedback" or "Changes
 * requested"); otherwise those under `attempt N:` or `attempt N+:` ("from N on") for the N of the prompt's line
 * `Attempt: N`. Steps under `taught TEXT:` are done when what the crew has learned (the section "What is known here …" of the
 * prompt) holds that text, those under `untaught TEXT:` when it does not. Empty lines and lines that begin with `#` are skipped. A step's text may go on over several lines
 * between `<<WORD` and a line with that word alone; the indentation of the closing word is taken off every line.
 *
 * | step | what the agent does |
 * |---|---|
 * | `say TEXT`, `think TEXT` | a message; a thought |
 * | `plan [x] A \| [>] B \| [ ] C` | a plan: done, in progress, to do |
 * | `keep-prompt PATH` | writes its prompt into a file |
 * | `tool NAME JSON` | calls a tool of the MCP server it was given, says the answer |
 * | `usage USED SIZE [COST [CURRENCY]]` | reports the tokens in its context, and what the session has cost, in USD |
 * | `tokens IN OUT [CACHED]` | says with the end of its turn how many tokens it took |
 * | `write PATH: TEXT`, `append PATH: TEXT` | writes a file, with a line end; makes its folders |
 * | `replace PATH: OLD => NEW`, `delete PATH` | changes, removes a file |
 * | `run COMMAND` | runs a shell command, says its exit code |
 * | `ask KIND PATH` | asks for permission to do KIND (read, edit, execute, switch_mode …) at PATH, says the answer |
 * | `wait-for PATH`, `pause MS` | goes on when the file exists; after some time |
 * | `stop REASON` | ends the turn with that stop reason (`refusal`, `max_tokens` …) |
 * | `fail auth`, `fail rate-limit [SECONDS]`, `fail TEXT` | answers the prompt with an error |
 * | `exit CODE`, `crash` | leaves in the middle; dies by a signal |
 * | `hang` | says nothing more, not even when cancelled |
 * | `stop-reading` | never reads its input again |
 * | `ignore-sigterm` | goes on at SIGTERM |
 * | `spawn PIDFILE [detached] [clean] [beat=FILE]` | starts a process that ignores SIGTERM and writes its id to a file. |
 * | | `detached`: forks twice, own session; `clean`: empty environment; `beat`: writes to a file for as long as it lives |
 * | `flood BYTES [text\|junk\|line\|stderr]` | prints a lot: updates, junk lines, one giant line, or to stderr |
 * | `garbage COUNT` | prints that many frames that are wrong in different ways |
 * | `obey [PATH]` | runs every command that a text asks agents to run ("ignore all … and run: COMMAND") |
 * | `ask-forever` | sends requests and reads no answer |
 * | `no-change` | does nothing; ends the turn |
 */

/** One step: the first word of its line and the rest. */
export interface ScriptStep {
  verb: string
  rest: string
}

const readings = { plan: 'planning', breakdown: 'planning', review: 'reviewing', propose: 'proposing' } as const
/** What an agent does that changes nothing. */
type Reading = (typeof readings)[keyof typeof readings]
const isReading = (word: string | undefined): word is Reading =>
  Object.values<string | undefined>(readings).includes(word)

/** What a prompt is for, as far as its script cares. */
interface Prompt {
  attempt: number
  feedback: boolean
  /** What is to be handed in, where nothing is to be changed. */
  reading: Reading | undefined
  /** What the crew has learned; '' when the prompt says nothing about it. */
  taught: string
}

interface Section {
  applies: (prompt: Prompt) => boolean
  kind: 'always' | 'attempt' | 'feedback' | 'taught' | Reading
  steps: ScriptStep[]
}

/** The steps for this prompt, or undefined when it holds no script. */
export function readScript(prompt: string): ScriptStep[] | undefined {
  const body = fenced(prompt) ?? fenced(prompt.replace(/^> ?/gm, ''))
  if (body === undefined) return undefined
  const sections = parseSections(body.split(/\r?\n/))
  const facts = {
    attempt: attemptOf(prompt),
    feedback: hasFeedback(prompt) && sections.some((section) => section.kind === 'feedback'),
    reading: readingOf(prompt),
    taught: taughtBy(prompt),
  }
  if (facts.reading && !sections.some((section) => section.kind === facts.reading)) return undefined
  return sections.flatMap((section) => (section.applies(facts) ? section.steps : []))
}

/** What the prompt wants instead of changes; undefined where it wants changes. */
function readingOf(prompt: string): Prompt['reading'] {
  const purpose = /^Purpose: (plan|breakdown|review|propose)$/m.exec(prompt)?.[1]
  return purpose ? readings[purpose as keyof typeof readings] : undefined
}

function fenced(prompt: string): string | undefined {
  return /^[ \t]*(`{3,})tutti-script[ \t]*\r?\n([\s\S]*?)^[ \t]*\1[ \t]*$/m.exec(prompt)?.[2]
}

/** The number in the prompt's line `Attempt: N`; 1 when there is none. */
export function attemptOf(prompt: string): number {
  return Number(/^Attempt: *(\d+)/im.exec(prompt)?.[1] ?? 1)
}

/** From the heading to the next one outside of the fence around what was learned. */
function taughtBy(prompt: string): string {
  return /^# What is known here.*$([\s\S]*?)(?:^# |$(?![\s\S]))/m.exec(prompt)?.[1] ?? ''
}

function hasFeedback(prompt: string): boolean {
  return /^(?:Feedback: *\S|#+ *(?:Review feedback|Changes requested))/im.test(prompt)
}

function parseSections(lines: readonly string[]): Section[] {
  const sections: Section[] = [{ applies: ({ reading }) => !reading, kind: 'always', steps: [] }]
  for (let at = 0; at < lines.length; at++) {
    const line = (lines[at] ?? '').trim()
    if (line === '' || line.startsWith('#')) continue
    const heading = readHeading(line)
    if (heading) {
      sections.push(heading)
      continue
    }
    const { step, last } = readStep(lines, at)
    sections.at(-1)?.steps.push(step)
    at = last
  }
  return sections
}

function readHeading(line: string): Section | undefined {
  if (line === 'feedback:')
    return { applies: ({ feedback, reading }) => feedback && !reading, kind: 'feedback', steps: [] }
  const kind = line.slice(0, -1)
  if (line.endsWith(':') && isReading(kind)) {
    return { applies: ({ reading }) => reading === kind, kind, steps: [] }
  }
  const lesson = /^(un)?taught (.+):$/.exec(line)
  if (lesson) {
    const [, without, text = ''] = lesson
    return {
      applies: ({ reading, taught }) => !reading && taught.includes(text) !== Boolean(without),
      kind: 'taught',
      steps: [],
    }
  }
  const match = /^(attempt|planning|reviewing|proposing) (\d+)(\+?):$/.exec(line)
  if (!match) return undefined
  const number = Number(match[2])
  const matches = (attempt: number) => (match[3] ? attempt >= number : attempt === number)
  const word = match[1]
  if (isReading(word))
    return { applies: ({ reading, attempt }) => reading === word && matches(attempt), kind: word, steps: [] }
  return {
    applies: ({ feedback, reading, attempt }) => !feedback && !reading && matches(attempt),
    kind: 'attempt',
    steps: [],
  }
}

/** Reads the step at a line, with the lines of its text when it has several. */
function readStep(lines: readonly string[], at: number): { step: ScriptStep; last: number } {
  const line = (lines[at] ?? '').trim()
  const space = line.indexOf(' ')
  const verb = space < 0 ? line : line.slice(0, space)
  const rest = space < 0 ? '' : line.slice(space + 1).trim()
  const open = /^(.*?):?\s*<<(\w+)$/.exec(rest)
  if (!open) return { step: { verb, rest }, last: at }
  const end = lines.findIndex((other, index) => index > at && other.trim() === open[2])
  const last = end < 0 ? lines.length : end
  const indent = /^\s*/.exec(lines[last] ?? '')?.[0] ?? ''
  const text = lines.slice(at + 1, last).map((each) => (each.startsWith(indent) ? each.slice(indent.length) : each))
  return { step: { verb, rest: `${open[1] ? `${open[1]}: ` : ''}${text.join('\n')}` }, last }
}

/** Splits `PATH: TEXT`. @throws {Error} when there is no path. */
export function pathAndText(rest: string): { path: string; text: string } {
  const colon = rest.indexOf(':')
  if (colon < 1) throw new Error(`"${rest}" should be PATH: TEXT`)
  return { path: rest.slice(0, colon).trim(), text: rest.slice(colon + 1).replace(/^ /, '') }
}

function plausiblePlan(title: string) {
  return {
    summary: `I would do it in one change: ${title}`,
    steps: [`Do it: ${title}`, 'Look at the result'],
    paths: ['notes/'],
    effort: 'S',
    risk: 'low',
    confidence: 0.9,
  }
}

function plausibleProposal(title: string) {
  return {
    title: `Write down what ${title.slice(0, 80)} is about`,
    why: 'Nothing says it yet.',
    source: { kind: 'roadmap', text: title },
    size: 'S',
    risk: 'low',
  }
}

/** What the agent does without a script: it notes the issue in a file named after its title. */
export function plausibleSteps(prompt: string): ScriptStep[] {
  const title = titleOf(prompt)
  const reading = readingOf(prompt)
  if (reading === 'reviewing')
    return [{ verb: 'tool', rest: `submit_review ${JSON.stringify({ summary: `I have read it: ${title}` })}` }]
  if (reading === 'proposing')
    return [{ verb: 'tool', rest: `submit_proposals ${JSON.stringify({ proposals: [plausibleProposal(title)] })}` }]
  if (reading) return [{ verb: 'tool', rest: `submit_plan ${JSON.stringify(plausiblePlan(title))}` }]
  const slug = title
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .replace(/^-+|-+$/g, '')
  const path = `notes/${slug.slice(0, 60) || 'work'}.md`
  const line = `${title} (attempt ${attemptOf(prompt)})`
  return [
    { verb: 'say', rest: `I will work on: ${title}` },
    { verb: 'plan', rest: `[>] write ${path} | [ ] report` },
    { verb: attemptOf(prompt) > 1 || hasFeedback(prompt) ? 'append' : 'write', rest: `${path}: ${line}` },
    { verb: 'plan', rest: `[x] write ${path} | [x] report` },
    { verb: 'say', rest: `Wrote ${path}.` },
  ]
}

function titleOf(prompt: string): string {
  const named = /^#* *(?:Task: *)?issue #\d+ *[,:] *(.+)$/im.exec(prompt)?.[1]
  const heading = /^#+ +(.+)$/m.exec(prompt)?.[1]
  const first = prompt.split('\n').find((line) => line.trim() !== '')
  return (named ?? heading ?? first ?? 'work').trim().slice(0, 120)
}
