/** Which servers a program in a sandbox reaches. */

import { expect, test } from 'vitest'
import { readSettings } from '../../../src/config/settings.ts'
import { addressAllowed, listedBy } from '../../../src/domain/egress.ts'
import { stricterSandbox } from '../../../src/domain/sandbox-mode.ts'

const rules = { operator: ['llm.internal:8080'], others: ['example.com', '*.example.org', 'registries'] }

test.each([
  ['example.com', 443, 'others'],
  ['EXAMPLE.com.', 80, 'others'],
  ['example.com', 22, undefined],
  ['notexample.com', 443, undefined],
  ['example.com.evil.net', 443, undefined],
  ['a.b.example.org', 443, 'others'],
  ['example.org', 443, undefined],
  ['evilexample.org', 443, undefined],
  ['llm.internal', 8080, 'operator'],
  ['llm.internal', 443, undefined],
  ['registry.npmjs.org', 443, 'others'],
  ['x.registry.npmjs.org', 443, undefined],
  ['registries', 443, undefined],
])('%s:%i is listed by %s', (host, port, by) => {
  expect(listedBy(rules, host, port)).toBe(by)
})

test.each([
  ['93.184.216.34', true, true],
  ['2606:2800:220:1:248:1893:25c8:1946', true, true],
  ['127.0.0.1', false, true],
  ['::1', false, true],
  ['10.1.2.3', false, true],
  ['fd12::1', false, true],
  ['169.254.169.254', false, false],
  ['fd00:ec2::254', false, false],
  ['fe80::1', false, false],
  ['0.0.0.0', false, false],
  ['::', false, false],
  ['::ffff:127.0.0.1', false, true],
  ['::ffff:169.254.169.254', false, false],
  ['::ffff:a9fe:a9fe', false, false],
  ['::169.254.169.254', false, false],
  ['64:ff9b::a9fe:a9fe', false, false],
  ['2002:a9fe:a9fe::1', false, false],
  ['2002:7f00:1::', false, true],
  ['224.0.0.1', false, false],
  ['not an address', false, false],
])('%s is reached through a name of the repository: %s, of the operator: %s', (address, others, operator) => {
  expect([addressAllowed(address, 'others'), addressAllowed(address, 'operator')]).toEqual([others, operator])
})

test('a repository makes the mode stricter, and never weaker', () => {
  expect(stricterSandbox('auto', 'required')).toBe('required')
  expect(stricterSandbox('required', 'off')).toBe('required')
  expect(stricterSandbox('auto', undefined)).toBe('auto')
  expect(stricterSandbox('off', 'auto')).toBe('auto')
})

test('hosts of the settings are hosts', () => {
  expect(readSettings('network: {gates: ["*.example.com:8443", registries]}').network).toMatchObject({
    gates: ['*.example.com:8443', 'registries'],
    setup: ['registries'],
  })
  for (const bad of ['https://example.com', '*', '*.', 'a b', '10.0.0.0/8', 'example.com:99999999'])
    expect(() => readSettings(`network: {agent: [${JSON.stringify(bad)}]}`)).toThrow(/network.agent.0/)
})
