import { mkdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { AgentUpdate, AgentUsage } from '../../../src/agents/drivers/agent-run.ts'
import { findProgram } from '../../../src/agents/drivers/environment.ts'
import { openRunLog } from '../../../src/agents/drivers/run-log.ts'
import { updateReader } from '../../../src/agents/drivers/session-updates.ts'
import { throttleUpdates, throttleUsage } from '../../../src/agents/drivers/throttle-updates.ts'
import { boundedText, cleanText, truncate } from '../../../src/lib/sanitise-text.ts'
import { lineSplitter } from '../../../src/lib/split-lines.ts'
import { plausibleSteps, readScript } from '../../../src/playground/agent/script.ts'
import { scratch, until } from '../../support/agent-bench.ts'

describe('lines', () => {
  function split(chunks: (string | Buffer)[], maxBytes = 10) {
    const seen: string[] = []
    const splitter = lineSplitter({
      maxBytes,
      onLine: (line) => seen.push(line.toString()),
      onTooLong: () => seen.push('!'),
    })
    for (const chunk of chunks) splitter.push(Buffer.from(chunk))
    splitter.end()
    return seen
  }

  it('are the same however the bytes arrive', () => {
    const text = 'one\n\ntwo three\nfour\nüber\nlast'
    for (let size = 1; size < 12; size++) {
      const bytes = Buffer.from(text)
      const chunks = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
        bytes.subarray(at * size, (at + 1) * size),
      )
      expect(split(chunks)).toEqual(['one', 'two three', 'four', 'über', 'last'])
    }
  })

  it('that are too long are dropped to their end, once each', () => {
    expect(split(['0123456789', '\n', '0123456789a', 'bcd', '\nok\n', 'x'.repeat(100)])).toEqual([
      '0123456789',
      '!',
      'ok',
      '!',
    ])
  })
})

describe('text from an agent', () => {
  it('loses control characters and terminal sequences, and keeps its words', () => {
    expect(cleanText('a\u0000b\u001b[31mred\u001b[0m\r\nnext\ttab\u009b1mx\u0085')).toBe('abred\nnext\ttabx')
  })

  it('is cut at the limit, never inside of a character', () => {
    expect(truncate('abcdef', 6)).toBe('abcdef')
    expect(truncate('abcdefg', 6)).toBe('abcde…')
    expect(truncate('abcd😀fg', 6)).toBe('abcd…')
    expect(boundedText(7, 10)).toBe('')
  })
})

describe('the log', () => {
  it('is capped, says so, and remembers the end', async () => {
    const path = join(await scratch(), 'run.log')
    const log = openRunLog(path, 500)
    for (let line = 0; line < 100; line++) log.write('stderr', Buffer.from(`line ${line} \u001b[1mbold\u0000\n`))
    log.write('stdout', Buffer.from('the end'))
    await log.close()
    const text = await readFile(path, 'utf8')
    expect(text.length).toBeLessThan(600)
    expect(text).toContain('stderr| line 0 bold\n')
    expect(text).toMatch(/tutti \| \d+ more lines were left out\n$/)
    expect(log.tail()).toMatch(/line 99 bold\nthe end$/)
  })
})

describe('the feed of updates', () => {
  it('joins texts, keeps the newest of each tool call, and says what it left out', async () => {
    const seen: AgentUpdate[] = []
    const feed = throttleUpdates(
      (update) => seen.push(update),
      () => {},
    )
    feed.push({ kind: 'text', text: 'first' })
    expect(seen).toEqual([{ kind: 'text', text: 'first' }])
    for (let at = 0; at < 1000; at++) feed.push({ kind: 'text', text: `${at} ` })
    const tool = { kind: 'tool' as const, id: 't', title: 'T', tool: 'edit', paths: [] }
    feed.push({ ...tool, status: 'pending' })
    feed.push({ ...tool, status: 'completed' })
    for (let at = 0; at < 1000; at++) feed.push({ kind: 'notice', text: `n${at}` })
    await until(() => seen.length > 1, 'the second delivery')
    expect(seen[1]).toMatchObject({ kind: 'text', text: expect.stringMatching(/^0 1 2 3 /) })
    expect(seen[2]).toEqual({ ...tool, status: 'completed' })
    expect(seen.length).toBeLessThan(60)
    expect(seen.at(-1)).toMatchObject({ kind: 'notice', text: expect.stringContaining('left out') })
    feed.push({ kind: 'text', text: 'last' })
    feed.close()
    expect(seen.at(-1)).toEqual({ kind: 'text', text: 'last' })
    feed.push({ kind: 'text', text: 'too late' })
    expect(seen.at(-1)).toEqual({ kind: 'text', text: 'last' })
  })
})

describe('reading updates', () => {
  const chunk = (text: string, more = {}) => ({
    sessionUpdate: 'agent_message_chunk',
    content: { type: 'text', text },
    ...more,
  })

  it('keeps the last message: chunks joined, a new one after a tool call or with another id', () => {
    const reader = updateReader()
    reader.read(chunk('one '))
    reader.read(chunk('more'))
    expect(reader.summary()).toBe('one more')
    reader.read({ sessionUpdate: 'tool_call', toolCallId: 'a', title: 'A' })
    expect(reader.summary()).toBe('one more')
    expect(reader.read(chunk('two'))).toEqual({ kind: 'text', text: '\ntwo' })
    reader.read(chunk('three', { messageId: 'm3' }))
    expect(reader.summary()).toBe('three')
    reader.read(chunk('x'.repeat(100_000), { messageId: 'm3' }))
    expect(reader.summary().length).toBe(16_000)
  })

  it('takes anything for an update without harm', () => {
    const reader = updateReader()
    const odd = [null, 7, 'x', [], {}, { sessionUpdate: 'plan', entries: 'x' }, chunk(''), chunk('a', { content: 1 })]
    expect(odd.map((update) => reader.read(update))).toEqual(odd.map(() => undefined))
    for (let at = 0; at < 2000; at++) reader.read({ sessionUpdate: 'tool_call', toolCallId: `t${at}`, title: 'T' })
    const done = (id: string) => reader.read({ sessionUpdate: 'tool_call_update', toolCallId: id, status: 'completed' })
    expect(done('t1999')).toMatchObject({ title: 'T', status: 'completed' })
    expect(done('t0')).toMatchObject({ title: '', status: 'completed' })
    expect(reader.read({ sessionUpdate: 'usage_update', used: -1, size: 2 })).toBeUndefined()
    expect(reader.usage()).toBeUndefined()
  })
})

describe('finding a program', () => {
  it('looks only where the operator said, never into the worktree', async () => {
    const tree = await scratch()
    const bin = join(tree, 'bin')
    await mkdir(bin)
    await writeFile(join(tree, 'claude-agent-acp'), '#!/bin/sh\n', { mode: 0o755 })
    await writeFile(join(bin, 'plain'), 'no', { mode: 0o644 })
    await symlink('/bin/sh', join(bin, 'linked'))
    expect(findProgram('claude-agent-acp', `${relative(process.cwd(), tree)}:.::${bin}`, tree)).toBeUndefined()
    expect(findProgram('plain', bin, tree)).toBeUndefined()
    expect(findProgram('linked', bin, tree)).toBe(join(bin, 'linked'))
    expect(findProgram('./claude-agent-acp', bin, tree)).toBe(join(tree, 'claude-agent-acp'))
    expect(findProgram('bin', tree, tree)).toBeUndefined()
    expect(findProgram('', bin, tree)).toBeUndefined()
  })
})

describe('the script language', () => {
  it('does what depends on what the crew has learned', () => {
    const script = '```tutti-script\ntaught a check failed:\nsay known\nuntaught a check failed:\nsay new\n```\n'
    const said = (known: string) =>
      readScript(`${script}\n${known}\n\n# Rules\n\na check failed`)?.map(({ rest }) => rest)
    expect(said('# What is known here from earlier work\n\nIn #3 a check failed.')).toEqual(['known'])
    expect(said('# What is known here from earlier work\n\nNothing of that.')).toEqual(['new'])
    expect(said('')).toEqual(['new'])
  })

  it('is found in a quoted prompt too, and in a longer fence', () => {
    expect(readScript('> ```tutti-script\n> say hi\n> ```\n')).toEqual([{ verb: 'say', rest: 'hi' }])
    expect(readScript('````tutti-script\n# a remark\n\nwrite a: b: c\n```\n````\n')?.[0]).toEqual({
      verb: 'write',
      rest: 'a: b: c',
    })
    expect(readScript('```tutti-script\n  say <<END\n  one\n\n    two\n  END\nwrite a <<X\nb\nX\n```\n')).toEqual([
      { verb: 'say', rest: 'one\n\n  two' },
      { verb: 'write', rest: 'a: b' },
    ])
    expect(readScript('no script here')).toBeUndefined()
  })

  it('gives an issue without a script a file of its own', () => {
    const paths = (prompt: string) => plausibleSteps(prompt).find(({ verb }) => verb === 'write')?.rest
    expect(paths('You work here.\n\nIssue #12: Add a "nice" greeting!\n')).toBe(
      'notes/add-a-nice-greeting.md: Add a "nice" greeting! (attempt 1)',
    )
    expect(paths('You are working on o/r.\n\n# Task: issue #3, Say hello\n')).toContain('notes/say-hello.md')
    expect(paths('# Übung\n')).toContain('notes/bung.md')
    expect(paths('')).toContain('notes/work.md')
  })
})

describe('what an agent has used, handed to another thread', () => {
  const usd = (amount: number) => ({ cost: { amount, currency: 'USD' } })

  it('comes at once, then the largest of each amount in one', () => {
    const reported: AgentUsage[] = []
    const feed = throttleUsage((usage) => reported.push(usage))
    feed.push(usd(0.1))
    expect(reported).toEqual([usd(0.1)])
    feed.push({ contextUsed: 9, ...usd(0.7) })
    feed.push({ contextUsed: 5, inputTokens: 3, ...usd(0.2) })
    for (let n = 0; n < 1000; n++) feed.push({ inputTokens: 2 })
    expect(reported).toHaveLength(1)
    feed.close()
    expect(reported[1]).toMatchObject({ contextUsed: 5, inputTokens: 3, ...usd(0.7) })
    expect(reported).toHaveLength(2)
  })

  it('comes again by itself', async () => {
    const reported: AgentUsage[] = []
    const feed = throttleUsage((usage) => reported.push(usage))
    feed.push(usd(0.1))
    feed.push(usd(0.3))
    await until(() => reported.length === 2, 'the second')
    feed.push(usd(0.4))
    await until(() => reported.length === 3, 'the third')
    expect(reported.map((usage) => usage.cost?.amount)).toEqual([0.1, 0.3, 0.4])
    feed.close()
  })

  it('in another currency is reported once, and mixed with nothing', () => {
    const reported: AgentUsage[] = []
    const feed = throttleUsage((usage) => reported.push(usage))
    feed.push(usd(0.1))
    for (let n = 1; n < 1000; n++) feed.push({ inputTokens: n, cost: { amount: n, currency: 'EUR' } })
    feed.push(usd(0.2))
    feed.close()
    expect(reported).toHaveLength(3)
    expect(reported[1]).toMatchObject({ cost: { amount: 1, currency: 'EUR' } })
    expect(reported[2]).toMatchObject({ inputTokens: 999, ...usd(0.2) })
  })
})
