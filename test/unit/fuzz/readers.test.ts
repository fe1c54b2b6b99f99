/** Everything that reads what people, agents and repositories write, with input that no one has thought of. */

import fc from 'fast-check'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { parseCommand } from '../../../src/commands/parse.ts'
import { loadCommands } from '../../../src/commands/registry.ts'
import { readLoopFile } from '../../../src/config/loop-settings.ts'
import { defaultSettings, readSettings } from '../../../src/config/settings.ts'
import { prose } from '../../../src/dashboard/markdown.ts'
import { dependenciesIn, referencesIn } from '../../../src/domain/dependency-lines.ts'
import { readSubmission } from '../../../src/domain/plan.ts'
import { readReviewAnswers } from '../../../src/domain/review-answers.ts'
import { readRoadmap } from '../../../src/domain/roadmap-text.ts'
import { UserError } from '../../../src/lib/errors.ts'
import { readMarkdown } from '../../../src/lib/markdown/read-markdown.ts'
import { sanitiseMarkdown } from '../../../src/lib/sanitise.ts'
import { changed, changes, fuzz, fuzzTimeout, markdown, oddJson } from '../../support/fuzz.ts'

const commands = await loadCommands()

/** Reads it; only an error that is made for people may come. */
function forPeople(read: () => unknown): void {
  try {
    read()
  } catch (error) {
    if (!(error instanceof UserError)) throw error
    expect(error.toMarkdown().length).toBeLessThan(20_000)
  }
}

test(
  'comments: whatever they are, reading them ends, and no quote or code gives a command',
  async () => {
    await fuzz('comments', markdown, {
      ...{ inputs: 1_000, share: 0.2 },
      holds: (text) => {
        parseCommand(text, '', commands)
        const lines = text.split(/\r\n|\r|\n/)
        expect(parseCommand(lines.map((line) => `> ${line}`).join('\n'), '', commands)).toBeUndefined()
        const fence = '`'.repeat(200)
        expect(parseCommand(`${fence}\n${text}\n${fence}`, '', commands)).toBeUndefined()
      },
    })
  },
  fuzzTimeout,
)

test(
  'Markdown: every line of a text is read, once and in order',
  async () => {
    await fuzz('markdown', markdown, {
      ...{ inputs: 1_000, share: 0.2 },
      holds: (text) => {
        const lines = readMarkdown(text)
        expect(lines.length).toBe(text.split(/\r\n|\r|\n/).length)
        sanitiseMarkdown(text)
        expect(String(prose(text))).not.toMatch(/<script|<details/i)
      },
    })
  },
  fuzzTimeout,
)

test(
  'roadmaps, dependencies, answers to reviews',
  async () => {
    await fuzz('roadmaps', markdown, {
      ...{ inputs: 1_000, share: 0.2 },
      holds: (text) => {
        readRoadmap(text, 'acme/app')
        for (const { number } of [...dependenciesIn(text, 'acme/app'), ...referencesIn(text, 'acme/app')])
          expect(Number.isSafeInteger(number)).toBe(true)
        readReviewAnswers(text)
      },
    })
  },
  fuzzTimeout,
)

test(
  'settings and loop files: they are read, or refused with a sentence',
  async () => {
    const whole = defaultSettings()
    const asYaml = changes.map((list) => stringify(changed(whole, list)))
    await fuzz(
      'settings',
      fc.oneof(
        asYaml,
        markdown,
        oddJson.map((value) => stringify(value)),
      ),
      {
        ...{ inputs: 100, share: 0.2 },
        holds: (text) => {
          forPeople(() => readSettings(text))
          forPeople(() => readLoopFile('.github/tutti/loops/careful.md', `---\n${text}\n---\nWork with care.`))
        },
      },
    )
  },
  fuzzTimeout,
)

const aPlan = {
  ...{ summary: 'Adds a greeting.', steps: ['Write it.'], files: ['src/hello.txt'], scope: 'src', risks: ['none'] },
  ...{ effort: 'S', risk: 'low', confidence: 0.9, items: [{ title: 'One', goal: 'x' }], questions: ['Which one?'] },
}

test(
  'plans: they are taken, or refused with sentences',
  async () => {
    const tool = fc.constantFrom('submit_plan' as const, 'submit_breakdown' as const, 'ask' as const)
    const given = fc.oneof(
      changes.map((list) => changed<unknown>(aPlan, list)),
      oddJson,
    )
    await fuzz('plans', fc.tuple(tool, given), {
      inputs: 1_000,
      holds: ([name, value]) => {
        const read = readSubmission(name, value)
        if ('problems' in read) expect(read.problems.length).toBeGreaterThan(0)
      },
    })
  },
  fuzzTimeout,
)
