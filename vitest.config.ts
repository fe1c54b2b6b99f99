import { defineConfig } from 'vitest/config'

const shared = {
  globalSetup: ['test/support/global-setup.ts'],
  testTimeout: 120_000,
  hookTimeout: 60_000,
  // Tests here kill processes and race real ones; where others decide about landing, a second look is allowed.
  retry: process.env.CI ? 2 : 0,
  pool: 'forks' as const,
}

/** Files that start a whole Tutti: to load it, and the embedded database, anew for each file takes seconds. */
const whole = [
  'test/stories/**/*.test.ts',
  'test/unit/{commands,config,db,domain,gates,github,lib,messages,pull-requests,reconcile,roadmaps,runs,scheduler,scheduling,webhooks,work-items}/**/*.test.ts',
]

export default defineConfig({
  test: {
    // Half of a story is waiting for other processes: three share two cores well.
    maxWorkers: 3,
    projects: [
      { test: { ...shared, name: 'whole', include: whole, isolate: false } },
      { test: { ...shared, name: 'parts', include: ['test/**/*.test.ts'], exclude: whole } },
    ],
  },
})
