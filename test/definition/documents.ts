// Documents for the tests of the definition pipeline: small ones that are valid, to be changed in one place each.
import { formatDiagnostics } from '../../src/definition/diagnostic.ts'
import type { Diagnostic } from '../../src/definition/diagnostic.ts'
import { readDocument } from '../../src/definition/document.ts'
import type { DocumentRead, ReadOptions } from '../../src/definition/document.ts'

/** A step of the module `m`. */
export const step = (name: string, more: object = {}): Record<string, unknown> => ({
  name,
  module: 'm',
  operation: 'ok',
  ...more,
})

/** The JSON text of a document with one scenario. */
export const flow = (
  steps: object[],
  scenario: object = {},
  integration: object = {},
  top: object = {},
): string =>
  JSON.stringify({
    integration: { modules: ['m'], ...integration, scenarios: [{ name: 's', ...scenario, steps }] },
    ...top,
  })

/** A document that must be accepted. */
export function accepted(text: string, options?: ReadOptions): DocumentRead {
  const result = readDocument(text, 'flow.yaml', options)
  if (!result.ok) throw new Error(`refused:\n${formatDiagnostics(result.diagnostics)}`)
  return result.read
}

/** The diagnostics of a document that must be refused. */
export function refused(text: string, options?: ReadOptions): readonly Diagnostic[] {
  const result = readDocument(text, 'flow.yaml', options)
  if (result.ok) throw new Error('accepted')
  return result.diagnostics
}

/** Codes of the errors of a document that must be refused. */
export const codes = (text: string, options?: ReadOptions): string[] =>
  refused(text, options)
    .filter(({ severity }) => severity === 'error')
    .map(({ code }) => code)

/** Warnings of a document that must be accepted. */
export function warnings(text: string): Diagnostic[] {
  const { problems, document } = accepted(text)
  return problems.place(document, 'warning')
}
