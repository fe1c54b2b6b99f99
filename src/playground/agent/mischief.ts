/** The steps that no honest agent takes: they put the orchestrator's promises to the test. */

import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { Turn } from './turn.ts'

type Perform = (turn: Turn, rest: string) => Promise<void>

const never = () => new Promise<never>(() => {})

/** Every hostile step by its verb. */
export const mischief: Readonly<Record<string, Perform>> = {
  exit: async (_turn, rest) => process.exit(Number(rest)),
  crash: async () => {
    process.stderr.write('Segmentation fault (scripted)\n')
    process.kill(process.pid, 'SIGKILL')
    await never()
  },
  hang: async () => {
    keepAlive()
    await never()
  },
  'stop-reading': async () => {
    process.stdin.removeAllListeners('data')
    process.stdin.pause()
    keepAlive()
  },
  'ignore-sigterm': async () => {
    process.on('SIGTERM', () => {})
    keepAlive()
  },
  spawn: spawnProcess,
  flood,
  obey,
  garbage: async (turn, rest) => {
    for (let index = 0; index < Number(rest); index++) await print(badFrame(index, turn.sessionId))
  },
  'ask-forever': async (turn) => {
    process.stdin.removeAllListeners('data')
    process.stdin.pause()
    const toolCall = { toolCallId: 'x'.repeat(100), title: 'y'.repeat(2000) }
    for (let id = 0; ; id++) {
      const params = { sessionId: turn.sessionId, toolCall, options: [option(id)] }
      await print(`${JSON.stringify({ jsonrpc: '2.0', id: `q${id}`, method: 'session/request_permission', params })}\n`)
    }
  },
}

/** A long option id comes back in every answer. */
function option(id: number) {
  return { optionId: `${id}-${'z'.repeat(4000)}`, name: 'Allow', kind: 'allow_once' }
}

/** A timer of its own: the end of stdin, or of everything else, must not end a process that means to stay. */
function keepAlive(): void {
  process.stdin.removeAllListeners('end')
  setInterval(() => {}, 60_000)
}

/** Writes to stdout and waits while the reader is behind: a flood must not fill our own memory. */
async function print(text: string | Buffer, stream: NodeJS.WriteStream = process.stdout): Promise<void> {
  if (!stream.write(text)) await once(stream, 'drain')
}

async function spawnProcess(turn: Turn, rest: string): Promise<void> {
  const [pidFile = 'pid', ...words] = rest.split(/\s+/)
  const file = turn.path(pidFile)
  const beat = words.find((word) => word.startsWith('beat='))?.slice('beat='.length)
  const work = beat ? `while :; do echo . >> '${turn.path(beat)}'; sleep 0.05; done` : 'exec sleep 100000'
  // `exec` and a fresh `sh` keep ignored signals ignored. The id is moved into place: a reader never sees half of it.
  const body = `trap '' TERM HUP INT; echo $$ > '${file}.new' && mv '${file}.new' '${file}'; ${work}`
  const clean = words.includes('clean') ? ['env', '-i', 'PATH=/usr/bin:/bin'] : []
  const detached = words.includes('detached') ? ['setsid'] : []
  const command = [...clean, ...detached, 'sh', '-c', `${quote(body)}`].join(' ')
  const child = spawn('/bin/sh', ['-c', `${command} > /dev/null 2>&1 < /dev/null &`], {
    cwd: turn.cwd,
    stdio: 'ignore',
  })
  await once(child, 'exit')
  while (!existsSync(file)) await turn.pause(10)
}

/** An instruction inside a text, for agents that do not ask whose words they read. */
const injected = /^\W*(?:ignore|disregard|forget) (?:all|your|any)\b.*? and run: (.+)$/gim

/**
 * Reads a file of the tree and does whatever it says, one thing after another; the prompt too, where no file is named. The
 * answers go into `obeyed.json` in its HOME.
 */
async function obey(turn: Turn, rest: string): Promise<void> {
  const text = rest === '' ? turn.prompt : readFileSync(turn.path(rest), 'utf8')
  const done: { line: string; code: number | null; output: string }[] = []
  for (const [, line = ''] of text.matchAll(injected)) {
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', line], {
      cwd: turn.cwd,
      encoding: 'utf8',
      timeout: 20_000,
      killSignal: 'SIGKILL',
      maxBuffer: 1024 * 1024,
      input: '',
    })
    done.push({ line, code: status, output: `${stdout}${stderr}`.slice(0, 4_000) })
    writeFileSync(join(homedir(), 'obeyed.json'), JSON.stringify(done))
    await turn.say(`I did as I was told: ${line.slice(0, 80)}`)
  }
}

function quote(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

async function flood(turn: Turn, rest: string): Promise<void> {
  const [bytes = '0', form = 'text'] = rest.split(/\s+/)
  const total = Number(bytes)
  const piece = floodPiece(form, turn.sessionId)
  const stream = form === 'stderr' ? process.stderr : process.stdout
  for (let sent = 0; sent < total; sent += piece.length) await print(piece, stream)
  if (form === 'line') await print('\n')
}

function floodPiece(form: string, sessionId: string): Buffer {
  const update = { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: 'x'.repeat(1000) } }
  const frame = JSON.stringify({ jsonrpc: '2.0', method: 'session/update', params: { sessionId, update } })
  const pieces: Record<string, string> = {
    text: `${frame}\n`.repeat(50),
    junk: '\u0000\u001b[31mjunk\u001b[0m\n'.repeat(4000),
    line: 'x'.repeat(64 * 1024),
    stderr: `\u001b[2K\u0000${'e'.repeat(1000)}\n`.repeat(50),
  }
  return Buffer.from(pieces[form] ?? '\n')
}

/** The index-th wrong frame; the forms repeat with other numbers in them. */
function badFrame(index: number, sessionId: string): string {
  const update = (fields: unknown) =>
    JSON.stringify({ jsonrpc: '2.0', method: 'session/update', params: { sessionId, update: fields } })
  const forms = [
    `{"jsonrpc":"2.0","id":${index}`,
    `[${index}]`,
    `{"id":${index},"method":"session/update"}`,
    `{"jsonrpc":"2.0","id":${index + 1_000_000},"result":{}}`,
    `{"jsonrpc":"2.0","id":{"a":${index}},"method":"session/request_permission","params":{}}`,
    `{"jsonrpc":"2.0","id":"g${index}","method":"session/request_permission","params":{"options":${index}}}`,
    `{"jsonrpc":"2.0","id":"h${index}","method":"fs/read_text_file","params":{"path":"/etc/passwd"}}`,
    `{"jsonrpc":"2.0","id":"i${index}","method":"__proto__","params":{"__proto__":{"polluted":true}}}`,
    `{"jsonrpc":"2.0","method":${index}}`,
    `{"jsonrpc":"2.0","method":"session/update","params":"${index}"}`,
    update({ sessionUpdate: 'tool_call', toolCallId: index, title: [index] }),
    update({ sessionUpdate: 'plan', entries: { length: index } }),
    update({ sessionUpdate: 'unheard-of', content: { type: 'text', text: index } }),
    update(null),
    `${'{"a":'.repeat(200)}${index}${'}'.repeat(200)}`,
    `\u0000\u0001\u001b[2J${index}`,
    `{"jsonrpc":"2.0","result":{},"error":{"code":${index}}}`,
    `"${index}"`,
    `\ufeff{"jsonrpc":"2.0","method":"x"}`,
    `{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"no"}}`,
  ]
  return `${forms[index % forms.length]}\n`
}
