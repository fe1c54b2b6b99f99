/** The files of the installation fit together, and to the code. */

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { secretVariables } from '../../src/config/secret-variables.ts'

interface Service {
  environment: Record<string, string>
  secrets: string[]
  volumes: string[]
  healthcheck?: object
}
const compose = parse(readFileSync('compose.yml', 'utf8')) as {
  services: Record<string, Service>
  secrets: Record<string, { file: string }>
  volumes: Record<string, null>
}

test('compose.yml declares what it uses, and gives every secret as a file that Tutti reads', () => {
  const services = Object.values(compose.services)
  expect(new Set(services.flatMap(({ secrets }) => secrets))).toEqual(new Set(Object.keys(compose.secrets)))
  const volumes = services.flatMap((service) => service.volumes.map((one) => one.split(':')[0]))
  expect(new Set(volumes)).toEqual(new Set(Object.keys(compose.volumes)))
  const { environment = {}, secrets = [] } = compose.services.tutti ?? {}
  for (const [name, value] of Object.entries(environment).filter(([key]) => key.endsWith('_FILE'))) {
    expect(secretVariables).toContain(name.slice(0, -'_FILE'.length))
    expect(secrets).toContain(value.replace('/run/secrets/', ''))
  }
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
