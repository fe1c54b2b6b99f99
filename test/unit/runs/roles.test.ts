import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { OperatorError } from '../../../src/lib/errors.ts'
import { proposalTool } from '../../../src/runs/mcp/proposal-tool.ts'
import { reviewTool } from '../../../src/runs/mcp/review-tool.ts'
import { planningTools } from '../../../src/runs/mcp/tools.ts'
import { loadRoles, roleFile } from '../../../src/runs/roles.ts'

const save = async () => undefined
const onRefused = () => undefined

test('each role has its file; all but the builder change nothing, and each has the tools that its run makes', () => {
  expect(Object.keys(loadRoles())).toEqual(['architect', 'builder', 'planner', 'reviewer'])
  const made = {
    planner: planningTools({ questionsLeft: 1, save, onRefused }),
    architect: [proposalTool({ most: 5, save, onRefused })],
    reviewer: [reviewTool({ save, onRefused })],
    builder: [],
  }
  for (const role of ['architect', 'planner', 'reviewer', 'builder'] as const) {
    expect(roleFile(role).tools).toEqual(made[role].map(({ name }) => name))
    expect(roleFile(role).permissions).toBe(role === 'builder' ? 'edit' : 'read-only')
  }
})

/** A copy of the files of all roles. */
function copyOfRoles(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tutti-roles-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  for (const name of readdirSync('src/roles')) copyFileSync(join('src/roles', name), join(folder, name))
  return folder
}

test('what a file says is what agents are told', () => {
  const folder = copyOfRoles()
  const text = readFileSync(join(folder, 'builder.md'), 'utf8')
  writeFileSync(join(folder, 'builder.md'), text.replace('# Rules\n', '# Rules\n\n- Be brief.'))
  expect(loadRoles(folder).builder?.texts.Rules).toMatch(/^- Be brief\./)
})

test('a file that does not fit, that is missing, or that no run has, stops the start with its path', () => {
  const folder = copyOfRoles()
  const planner = join(folder, 'planner.md')
  const whole = readFileSync(planner, 'utf8')
  const read = () => loadRoles(folder)
  writeFileSync(planner, whole.replace('- {{fenceRule}}\n', ''))
  expect(read).toThrow(OperatorError)
  expect(read).toThrow(`${planner} cannot be used: \`# Rules\` lacks \`{{fenceRule}}\``)
  rmSync(planner)
  expect(read).toThrow(`${planner} cannot be used: it is not there`)
  writeFileSync(planner, whole)
  copyFileSync(planner, join(folder, 'gardener.md'))
  expect(read).toThrow(`${join(folder, 'gardener.md')} cannot be used: no run has this role`)
  expect(() => loadRoles(join(folder, 'gone'))).toThrow('it is not there')
})
