/** The import directions of the house. A room ends with a call to the store; it never calls another room. */

const rooms = ['intake', 'backlog', 'planning', 'runs', 'gates', 'delivery', 'console']
const front = '^src/(main|cli|app|timers)\\.ts$'

/** What each folder may import besides itself, packages and Node. */
const allowed = {
  config: [],
  store: ['config'],
  workspace: ['config'],
  agents: ['config'],
  playground: ['config'],
  github: ['store', 'config'],
  commands: ['store', 'github', 'config'],
  intake: ['commands', 'store', 'github', 'workspace', 'config'],
  backlog: ['store', 'github', 'workspace', 'config'],
  planning: ['store', 'github', 'workspace', 'config'],
  runs: ['agents', 'store', 'github', 'workspace', 'config'],
  gates: ['store', 'github', 'workspace', 'config'],
  delivery: ['store', 'github', 'workspace', 'config'],
  console: ['commands', 'store', 'github', 'workspace', 'config'],
}

const only = (folder, name, packages) => ({
  name,
  comment: `${folder}/ is the only importer of these packages: the rest of the house speaks its words.`,
  severity: 'error',
  from: { path: '^src/', pathNot: `^src/${folder}/` },
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
      name: 'nobody-imports-the-front-door',
      severity: 'error',
      from: { path: `^src/(${[...rooms, ...Object.keys(allowed)].join('|')})/` },
      to: { path: front },
    },
    only('github', 'octokit-only-in-github', 'node_modules/(probot|@octokit/(?!openapi-types))'),
    {
      name: 'no-circles',
      severity: 'error',
      from: { path: '^src/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
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
