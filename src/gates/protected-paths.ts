import { matchesGlob } from 'node:path'
import type { ChangedFile, Gate, GateContext, GateJudgement } from './gate.ts'
import { installScripts } from './lib/install-scripts.ts'

/**
 * Some files decide what runs, who reviews, or what agents are told. A change to them waits for an explicit word of a
 * person: `/merge --protected`, which is stored with the commit it was said about.
 */
export const gate: Gate = { id: 'protected-paths', title: 'Protected paths', looksAt: 'facts', judge }

/** Folders, wherever they are. In lower case: some machines that check the branch out do not tell the difference. */
const folders = new Set([
  ...['.github', '.gitlab', '.gitea', '.forgejo', '.circleci', '.buildkite', '.woodpecker'],
  ...['.claude', '.codex', '.gemini', '.opencode', '.cursor', '.windsurf', '.continue', '.aider', '.agents', '.kiro'],
  ...['.husky', '.githooks', '.vscode', '.idea', '.devcontainer', '.cargo', '.yarn'],
])

/** Files, wherever they are. */
const files = new Set([
  'codeowners',
  ...['claude.md', 'claude.local.md', 'agents.md', 'agents.override.md', 'gemini.md', '.mcp.json', 'mcp.json'],
  ...['opencode.json', 'opencode.jsonc', '.cursorrules', '.windsurfrules', '.clinerules', '.aider.conf.yml'],
  ...['.gitmodules', '.gitattributes', '.gitconfig', '.lfsconfig'],
  ...['.npmrc', '.yarnrc', '.yarnrc.yml', '.pnpmfile.cjs', '.pnpmfile.mjs', 'pnpm-workspace.yaml', 'bunfig.toml'],
  ...['.pypirc', 'pip.conf', '.envrc', '.pre-commit-config.yaml', 'lefthook.yml', '.lefthook.yml'],
  ...['.gitlab-ci.yml', '.travis.yml', '.drone.yml', '.woodpecker.yml', 'azure-pipelines.yml', 'jenkinsfile'],
])

/** So many are named in the summary; the log names all. */
const named = 8

async function judge(context: GateContext): Promise<GateJudgement> {
  const found = [
    ...context.changes.flatMap((change) => reasonFor(change, context.settings.gates.protected)),
    ...(await installScripts(context)),
  ]
  if (found.length === 0) return { verdict: 'pass', summary: 'No protected path is changed.' }
  const summary = `Protected: ${listed(found)}.`
  const log = found.join('\n')
  if (context.item.protectedAllowedSha === context.head)
    return { verdict: 'pass', summary: `Allowed by a person. ${summary}`, log }
  return { verdict: 'needs-approval', summary, log }
}

function listed(found: readonly string[]): string {
  const more = found.length > named ? ` and ${found.length - named} more` : ''
  return found.slice(0, named).join(', ') + more
}

function reasonFor(change: ChangedFile, globs: readonly string[]): string[] {
  if (change.mode === '160000' || change.oldMode === '160000') return [`${shown(change.path)} (submodule)`]
  const path = [change.path, change.oldPath].find((one) => one !== undefined && isProtected(one, globs))
  return path === undefined ? [] : [shown(path)]
}

/** @param globs from the settings; a folder's name stands for everything in it. */
function isProtected(path: string, globs: readonly string[]): boolean {
  const lower = path.toLowerCase()
  const parts = lower.split('/')
  const file = parts.pop() ?? ''
  if (files.has(file) || parts.some((part) => folders.has(part))) return true
  // A file or link in the place of a protected folder.
  if (folders.has(file)) return true
  return globs.some((glob) => {
    const pattern = glob.toLowerCase().replace(/\/+$/, '')
    return matchesGlob(lower, pattern) || matchesGlob(lower, `${pattern}/**`)
  })
}

/** A path in markdown: nothing in it is markup. */
function shown(path: string): string {
  return `\`${path.replace(/[`\p{Cc}]/gu, '?')}\``
}
