/** Checks answers of the API against the document that it serves. */

import { Ajv2020 } from 'ajv/dist/2020.js'
import { expect } from 'vitest'

/** One operation of the document. */
export interface DocumentedOperation {
  method: string
  /** With words such as `{agentId}`. */
  path: string
  operationId: string
  hasBody: boolean
}

interface Described {
  operationId: string
  requestBody?: unknown
  responses: Record<string, { content?: Record<string, { schema: object }> } | undefined>
}

/** @param document as `/api/openapi.json` has it. */
export function readDocument(document: Record<string, unknown>) {
  const paths = document.paths as Record<string, Record<string, Described>>
  const ajv = new Ajv2020({ strict: false, validateFormats: false, allErrors: true })
  ajv.addSchema(document, 'document')
  const operations: DocumentedOperation[] = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId, requestBody }]) => ({
      ...{ method: method.toUpperCase(), path, operationId },
      hasBody: requestBody !== undefined,
    })),
  )

  /** The answer has a status, a type and a body that the document names. @returns the body. */
  async function described(operation: Pick<DocumentedOperation, 'method' | 'path'>, answer: Response) {
    const { method, path } = operation
    const responses = paths[path]?.[method.toLowerCase()]?.responses ?? {}
    const at = `${method} ${path} → ${answer.status}`
    const [type = ''] = (answer.headers.get('Content-Type') ?? '').split(';')
    const { content = {} } = responses[answer.status] ?? {}
    expect(Object.keys(content), at).toContain(type)
    const body: unknown = type.includes('json') ? await answer.json() : await answer.text()
    const pointer = [path, method.toLowerCase(), 'responses', String(answer.status), 'content', type, 'schema']
    const reference = pointer.map((step) => encodeURIComponent(step.replaceAll('~', '~0').replaceAll('/', '~1')))
    const validate = ajv.compile({ $ref: `document#/paths/${reference.join('/')}` })
    expect(validate(body) ? [] : validate.errors, `${at} ${JSON.stringify(body).slice(0, 500)}`).toEqual([])
    return body as Record<string, unknown>
  }

  return { operations, described }
}
