/**
 * `npm run bench -- <name> …` runs `bench/<name>.ts`. Without a name it lists the benchmarks.
 */

import { readdirSync } from 'node:fs'

interface Benchmark {
  /** One line for the list. */
  about?: string
  /** @param argv the arguments after the name. */
  run(argv: string[]): Promise<void>
}

const names = readdirSync(import.meta.dirname)
  .filter((file) => file.endsWith('.ts') && file !== 'main.ts')
  .map((file) => file.slice(0, -'.ts'.length))

async function load(name: string): Promise<Benchmark> {
  return (await import(`./${name}.ts`)) as Benchmark
}

async function main([name, ...argv]: string[]): Promise<void> {
  if (name !== undefined && names.includes(name)) {
    const benchmark = await load(name)
    return benchmark.run(argv)
  }
  const lines = await Promise.all(names.map(async (one) => `  ${one.padEnd(12)} ${(await load(one)).about ?? ''}`))
  process.stderr.write(`usage: npm run bench -- <name> [options]\n${lines.join('\n')}\n`)
  process.exitCode = 1
}

await main(process.argv.slice(2)).catch((error: Error & { code?: string }) => {
  if (!error.code?.startsWith('ERR_PARSE_ARGS')) throw error
  process.stderr.write(`${error.message}\nThe options of a benchmark stand at the head of its file in bench/.\n`)
  process.exitCode = 2
})
