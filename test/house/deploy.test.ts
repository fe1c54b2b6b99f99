/** The files of the installation fit together, and to the code. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { readPart } from '../../src/cli/serve.ts'
import { secretVariables } from '../../src/config/secret-variables.ts'

interface Service {
  environment: Record<string, string>
  command?: string[]
  stop_grace_period?: string
  secrets: string[]
  volumes: string[]
  healthcheck?: object
}
const compose = parse(readFileSync('compose.yml', 'utf8'), { merge: true }) as {
  services: Record<string, Service>
  secrets: Record<string, { file: string }>
  volumes: Record<string, null>
}

test('compose.yml declares what it uses, and gives every secret as a file that Tutti reads', () => {
  const services = Object.values(compose.services)
  expect(new Set(services.flatMap(({ secrets }) => secrets))).toEqual(new Set(Object.keys(compose.secrets)))
  const volumes = services.flatMap((service) => service.volumes.map((one) => one.split(':')[0]))
  expect(new Set(volumes)).toEqual(new Set(Object.keys(compose.volumes)))
  for (const { environment, secrets } of [compose.services.web, compose.services.runner].filter((one) => !!one)) {
    const files = Object.entries(environment).filter(([key]) => key.endsWith('_FILE'))
    for (const [name] of files) expect(secretVariables).toContain(name.slice(0, -'_FILE'.length))
    expect(files.map(([, value]) => value.replace('/run/secrets/', '')).toSorted()).toEqual(secrets.toSorted())
  }
})

test('each part of the work is started as the command line takes it, and has the time that it needs to end', () => {
  const { web, runner } = compose.services
  expect([partOf(web?.command), partOf(runner?.command)]).toEqual([{ role: 'web' }, { role: 'runner', slots: 4 }])
  const unit = readFileSync('deploy/systemd/tutti-runner.service', 'utf8')
  expect(partOf(/^ExecStart=(.+)$/m.exec(unit)?.[1]?.split(' '))).toEqual({ role: 'runner', slots: 4 })
  const times = [
    [Number(runner?.environment.DRAIN_SECONDS), Number.parseInt(runner?.stop_grace_period ?? '', 10)],
    [Number(/DRAIN_SECONDS=(\d+)/.exec(unit)?.[1]), Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1])],
  ] as const
  for (const [drain, allowed] of times) expect(allowed).toBeGreaterThanOrEqual(drain + 15)
})

/** What the words after `serve` say. */
function partOf(words: readonly string[] = []) {
  const after = (option: string) => (words.includes(option) ? words[words.indexOf(option) + 1] : undefined)
  const slots = after('--slots')?.replace(/^\$\{\w+:-(\d+)\}$/, '$1')
  return readPart({ only: after('--only'), slots }, { DATABASE_URL: 'postgres://localhost/tutti' })
}

test('the image holds the texts of roles and loops, which Tutti reads from its sources', () => {
  expect(readFileSync('Dockerfile', 'utf8')).toMatch(/^COPY src src$/m)
  const ignored = readFileSync('.dockerignore', 'utf8').split('\n')
  expect(ignored.filter((line) => /^(?:\*\*\/)?src|\.md$/.test(line))).toEqual([])
})

test('the image runs as an ordinary user, copies what exists, and each agent image is of a kind that exists', () => {
  const image = readFileSync('Dockerfile', 'utf8')
  expect(/^USER (\S+)$/m.exec(image)?.[1]).toBe('tutti')
  const copied = [...image.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) => names.split(' '))
  expect(copied.filter((name) => !existsSync(name))).toEqual([])
  for (const file of readdirSync('docker/agents')) {
    const kind = file.replace('.Dockerfile', '')
    expect(existsSync(`src/agents/${kind}.ts`), file).toBe(true)
    expect(readFileSync(`docker/agents/${file}`, 'utf8')).toMatch(new RegExp(`^USER tutti\\nENV AGENT=${kind}$`, 'm'))
  }
})
