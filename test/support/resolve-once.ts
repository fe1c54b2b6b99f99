/** Loaded by Node before anything else in each process that runs tests: they all load drizzle-orm. */

import { resolvePackagesOnce } from '../../src/lib/resolve-once.ts'

resolvePackagesOnce(new URL('../../src/', import.meta.url).href)
