import { defineConfig } from 'drizzle-kit'

export default defineConfig({
  dialect: 'postgresql',
  schema: ['./src/store/schema.ts', './src/store/schema-plans.ts', './src/store/schema-usage.ts'],
  out: './drizzle',
})
