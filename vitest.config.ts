import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: ['test/fakes/global.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    // Tests here kill processes and race real ones; where others decide about landing, a second look is allowed.
    retry: process.env.CI ? 2 : 0,
    pool: 'forks',
    // Two cores: more workers only take turns, and every worker holds a database and child processes of its own.
    maxWorkers: 2,
  },
})
