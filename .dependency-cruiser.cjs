/**
 * The import directions of docs/architecture.md: doors → use cases → adapters → core, down only. Use cases may import
 * each other, and so may the adapters, without circles.
 */

const doors = ['webhooks', 'commands', 'api', 'dashboard', 'cli', 'reconcile']
const useCases = ['views', 'work-items', 'roadmaps', 'planning', 'scheduling', 'runs', 'gates', 'pull-requests', 'crew']
const adapters = ['agents', 'sandbox', 'git', 'github', 'db', 'channels']
const core = ['lib', 'config', 'domain', 'scheduler', 'messages']

/** What each folder may import besides itself, packages and Node. */
const allowed = {
  ...Object.fromEntries(useCases.map((folder) => [folder, [...useCases, ...adapters, ...core]])),
  // Carrying out a command from a comment, and looking for what no webhook told us, end in the same use cases.
  webhooks: ['commands', ...useCases, ...adapters, ...core],
  commands: [...useCases, ...adapters, ...core],
  api: ['commands', ...useCases, ...adapters, ...core],
  dashboard: ['api', 'commands', ...useCases, ...adapters, ...core],
  reconcile: [...useCases, ...adapters, ...core],
  agents: ['sandbox', ...core],
  sandbox: core,
  git: core,
  channels: core,
  github: ['db', ...core],
  db: core,
  lib: [],
  config: ['lib', 'scheduler'],
  domain: ['config', 'lib', 'scheduler'],
  scheduler: ['lib'],
  messages: ['domain', 'config', 'scheduler', 'lib'],
  playground: [],
}
const front = '^src/(main|app|adapters|workers|jobs|mount-doors)\\.ts$|^src/cli/'

const only = (folder, name, packages, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: '^src/', pathNot: folder },
  to: { path: packages },
})

module.exports = {
  forbidden: [
    ...Object.entries(allowed).map(([folder, others]) => ({
      name: `${folder}-imports`,
      comment: `src/${folder}/ may import ${others.join(', ') || 'nothing'} (and itself).`,
      severity: 'error',
      from: { path: `^src/${folder}/` },
      to: { path: '^src/', pathNot: `^src/(${[folder, ...others].join('|')})/` },
    })),
    {
      name: 'every-folder-has-a-rule',
      comment: 'A new folder of src/ belongs to a layer: name it above.',
      severity: 'error',
      from: { path: '^src/[^/]+/', pathNot: `^src/(cli|${Object.keys(allowed).join('|')})/` },
      to: {},
    },
    {
      name: 'nothing-imports-the-front-door',
      severity: 'error',
      from: { path: `^src/(${[...doors.filter((door) => door !== 'cli'), ...useCases, ...adapters, ...core, 'playground'].join('|')})/` },
      to: { path: front },
    },
    {
      name: 'the-playground-is-for-the-demo',
      comment: 'Only the demo, the tests and the benchmarks import the playground.',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/(playground/|cli/demo\\.ts$)' },
      to: { path: '^src/playground/' },
    },
    only(
      '^src/(github|webhooks|playground/demo)/',
      'octokit-stays-in-github',
      'node_modules/(probot|@octokit/(?!openapi-types))',
      'Only github/ and webhooks/ know Octokit and Probot, and the person of the demo; the rest reads src/domain/github.ts.',
    ),
    only('^src/git/', 'git-runs-in-git', 'node_modules/simple-git', 'Only git/ starts git.'),
    { name: 'no-circles', severity: 'error', from: { path: '^src/' }, to: { circular: true } },
    {
      name: 'tests-stay-outside',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'node', 'default'] },
  },
}
