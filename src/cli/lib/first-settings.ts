/** The first settings of a repository: a gate that runs its tests, as far as its files say how. */

import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

/** How the tests of a checkout are run; undefined where no file says it. */
export function testCommandOf(folder: string): string | undefined {
  const has = (name: string) => existsSync(join(folder, name))
  const text = (name: string) => (has(name) ? readFileSync(join(folder, name), 'utf8') : '')
  const node = nodeTests(text('package.json'))
  if (node) {
    if (has('pnpm-lock.yaml')) return 'pnpm install --frozen-lockfile && pnpm test'
    if (has('yarn.lock')) return 'yarn install --immutable && yarn test'
    return has('package-lock.json') ? 'npm ci && npm test' : 'npm install && npm test'
  }
  if (/^test\s*:/m.test(text('Makefile'))) return 'make test'
  if (has('Cargo.toml')) return 'cargo test'
  if (has('go.mod')) return 'go test ./...'
  if (has('uv.lock')) return 'uv run pytest'
  if (has('pyproject.toml') || has('pytest.ini')) return 'python -m pytest'
  if (has('gradlew')) return './gradlew test'
  if (has('pom.xml')) return 'mvn -B test'
  return undefined
}

/** npm's own placeholder fails always. */
function nodeTests(packageFile: string): boolean {
  try {
    const { scripts } = JSON.parse(packageFile) as { scripts?: { test?: string } }
    return Boolean(scripts?.test) && !scripts?.test?.includes('no test specified')
  } catch {
    return false
  }
}

/** The file's text. @param command how the tests are run. */
export function firstSettings(command: string | undefined): string {
  const gate = command
    ? `  commands:\n    - name: tests\n      run: ${command}\n      minutes: 20\n`
    : '  commands: []\n  # - name: tests\n  #   run: make test\n  #   minutes: 20\n'
  return `# How agents work in this repository. All settings: docs/settings.md of Tutti.
# Every commit of an agent is tested in a clean checkout before it becomes a pull request.
gates:
${gate}`
}
