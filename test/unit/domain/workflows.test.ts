import { expect, test } from 'vitest'
import { readBuiltInLoops } from '../../../src/config/loop-settings.ts'
import { defaultSettings } from '../../../src/config/settings.ts'
import { chooseAgent } from '../../../src/domain/choose-agent.ts'
import { builtInWorkflows, defaultWorkflow, unknownWorkflow, workflowNamed } from '../../../src/domain/workflows.ts'
import { OperatorError } from '../../../src/lib/errors.ts'

test('the workflow of an issue that names none is a file of Tutti; a repository may have another of this name', () => {
  const settings = defaultSettings()
  expect(workflowNamed(settings, defaultWorkflow)).toBe(builtInWorkflows()[defaultWorkflow])
  expect(workflowNamed(settings, defaultWorkflow)).toMatchObject({ prompt: '', gates: [], steps: { length: 4 } })
  const own = { prompt: 'Our way.', steps: [], gates: [] }
  expect(workflowNamed({ ...settings, loops: { [defaultWorkflow]: own } }, defaultWorkflow)).toBe(own)
  expect(unknownWorkflow(settings, 'enginering-loop')).toContain('did you mean `engineering-loop`?')
  expect(workflowNamed(settings, 'constructor')).toBeUndefined()
})

test('a loop chooses the kind of agent, before the builder of the settings', () => {
  const settings = { ...defaultSettings(), roles: { builder: { agent: 'codex' } } }
  const item = { labels: [], state: 'ready', loop: 'careful' }
  const loops = { careful: { prompt: '', steps: [], gates: [], agent: 'gemini' } }
  expect(chooseAgent(item, { settings: { ...settings, loops } }, { AGENT: 'opencode' })).toBe('gemini')
  for (const loop of [defaultWorkflow, 'gone'])
    expect(chooseAgent({ ...item, loop }, { settings }, { AGENT: 'opencode' })).toBe('codex')
})

test('a loop of Tutti that is not there stops the start with its path', () => {
  expect(() => readBuiltInLoops(['other-loop'])).toThrow(OperatorError)
  expect(() => readBuiltInLoops(['other-loop'])).toThrow(/loops\/other-loop\.md cannot be used: it is not there/)
})
