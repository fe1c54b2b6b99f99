/**
 * What agents of each role read, whole, as files in `prompts/`: a change of a role shows there, word for word. After a wanted
 * change: `npx vitest run --project unit test/unit/runs/whole-prompts.test.ts -u`, and read the diff.
 */

import { expect, test } from 'vitest'
import { readSettings } from '../../../src/config/settings.ts'
import type { PlanRow, QuestionRow } from '../../../src/db/plans.ts'
import { workflowNamed } from '../../../src/domain/workflows.ts'
import { type PlanningTask, planPrompt } from '../../../src/runs/planning-prompt.ts'
import { type BuildTask, buildPrompt } from '../../../src/runs/prompt.ts'
import { type ProposalTask, proposalPrompt } from '../../../src/runs/proposal-prompt.ts'
import { type ReviewTask, reviewPrompt } from '../../../src/runs/review-prompt.ts'

const nonce = 'feedfacefeedface'
const settings = readSettings('modules:\n  auth:\n    paths: [src/auth]\n  web:\n    paths: [src/web]\n')
const file = (name: string) => `prompts/${name}.txt`

const build: BuildTask = {
  ...{ repository: 'acme/app', issueNumber: 12, title: 'Say hello', body: 'Please.', attempt: 1 },
  ...{ branch: 'module/issue-12', answers: '', crew: [], feedback: '', conflict: '', reviews: [] },
  ...{ protectedPaths: ['.github/', 'secrets/'], gateCommands: [], notes: [] },
}

test.each<[string, Partial<BuildTask>]>([
  ['build', { loop: workflowNamed(settings, 'engineering-loop') }],
  [
    'build-again',
    {
      ...{ attempt: 3, continued: true, answers: 'Round 1: yes.', plan: 'Write it.', conflict: 'In src/a.ts.' },
      loop: { prompt: 'Be careful.', steps: ['Read', 'Write'], gates: [] },
      feedback: 'The gate "tests" failed.',
      gateCommands: ['npm test', 'npm run lint'],
      notes: ['The folder vendor/ is empty here.', 'There is no network.'],
      crew: [{ pool: 'working', heading: 'Who you are', entries: [{ text: 'Aria, a builder.' }] }],
    },
  ],
])('%s', async (name, more) => {
  await expect(buildPrompt({ ...build, ...more }, nonce).text).toMatchFileSnapshot(file(name))
})

const plan: PlanningTask = {
  repository: 'acme/app',
  item: { issueNumber: 12, title: 'Say hello', body: 'Please.', routing: null },
  run: { attempt: 1, feedback: '', purpose: 'plan' },
  ...{ rounds: [], questionsLeft: 2, last: undefined, settings: readSettings(''), crew: [] },
}
const large: PlanningTask['item'] = {
  ...plan.item,
  routing: { workflow: 'decompose_first', confidence: 0.8, signals: [], mode: 'implicit' },
}
const rejected = { state: 'rejected', rewritten: 'Rename it.', amendment: '', why: 'Too much.' } as PlanRow

test.each<[string, Partial<PlanningTask>]>([
  ['plan', {}],
  ['plan-last-question', { questionsLeft: 1, settings }],
  [
    'plan-several',
    { item: large, run: { attempt: 2, feedback: 'No plan came.', purpose: 'breakdown' }, questionsLeft: 0 },
  ],
  ['plan-again', { rounds: [{ round: 1, asked: ['Which?'], answer: 'This.' } as QuestionRow], last: rejected }],
])('%s', async (name, more) => {
  await expect(planPrompt({ ...plan, ...more }, nonce).text).toMatchFileSnapshot(file(name))
})

const review: ReviewTask = {
  repository: 'acme/app',
  item: { issueNumber: 12, title: 'Say hello', body: 'Please.' },
  ...{ attempt: 1, head: 'a'.repeat(40), fork: 'b'.repeat(40), summary: 'It says hello.', plan: '', answers: '' },
  changes: [
    {
      path: 'src/hello.ts',
      status: 'A',
      oldMode: '000000',
      mode: '100644',
      bytes: 7,
      additions: 1,
      deletions: 0,
      binary: false,
    },
  ],
  patch: { text: '+hello', truncated: false },
  crew: [],
}

test.each<[string, Partial<ReviewTask>]>([
  ['review', {}],
  ['review-large', { patch: { text: '+hel', truncated: true }, plan: 'Write it.', answers: 'Round 1: yes.' }],
])('%s', async (name, more) => {
  await expect(reviewPrompt({ ...review, ...more }, nonce).text).toMatchFileSnapshot(file(name))
})

const nothing = { gaps: [], refused: [], learned: [], open: [], adopted: [] }
const propose: ProposalTask = {
  repository: 'acme/app',
  item: { issueNumber: 5, title: 'Where we go', body: '- [ ] A line' },
  ...{ attempt: 1, most: 5, facts: nothing, crew: [] },
}

test.each<[string, Partial<ProposalTask>]>([
  ['propose', {}],
  [
    'propose-with-reasons',
    {
      most: 1,
      facts: {
        gaps: ['#5: A line', 'ROADMAP.md, Later: Another line'],
        refused: ['`tests` on #3 (Say hello): **tests** failed.'],
        learned: ['tests, insight, said by gate: It failed at first.'],
        open: ['#3 Say hello'],
        adopted: ['Sort the list, which is #7'],
      },
    },
  ],
])('%s', async (name, more) => {
  await expect(proposalPrompt({ ...propose, ...more }, nonce).text).toMatchFileSnapshot(file(name))
})
