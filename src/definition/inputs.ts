// What a run is given, held against what is declared: defaults, kinds of values, what is missing. Text is read as the
// declared kind, for command lines know nothing else.
import { listed, shown, suggestion } from './diagnostic.ts'
import type { InputConfig, InputType } from './inference.ts'
import { readJson } from './json.ts'

/** What is wrong with one input. */
export interface InputFault {
  readonly name: string
  /** `unknown`: not declared. `default`: the declaration itself is wrong. */
  readonly kind: 'unknown' | 'missing' | 'value' | 'default'
  readonly message: string
  readonly remedy: string
}

/** Inputs as they are declared, in a document or in the builder. */
export type DeclaredInputs = Readonly<
  Record<string, { readonly [K in keyof InputConfig]: InputConfig[K] | undefined }>
>

/**
 * The inputs of a run, by name, and all that is wrong with them.
 * @param required whether an input without value and default is a fault; a mere validation runs nothing
 */
export function readInputs(
  declared: DeclaredInputs,
  given: Readonly<Record<string, unknown>>,
  required = true,
): { readonly inputs: Record<string, unknown>; readonly faults: readonly InputFault[] } {
  const inputs: Record<string, unknown> = Object.create(null)
  const faults: InputFault[] = []
  const names = Object.keys(declared)
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name)) continue
    const message = `the input ${shown(name)} was given, and what is declared is ${listed(names)}`
    faults.push({ name, kind: 'unknown', message, remedy: suggestion(name, names, 'declare it') })
  }
  for (const [name, { type = 'any', default: preset }] of Object.entries(declared)) {
    if (preset !== undefined && !isOfType(preset, type)) {
      const message = `the input ${shown(name)}: its default must be of type ${type}, found ${shown(preset)}`
      faults.push({ name, kind: 'default', message, remedy: 'change the default or the type' })
    }
    if (!Object.hasOwn(given, name) || given[name] === undefined) {
      if (preset !== undefined) inputs[name] = preset
      else if (required) {
        const message = `the input ${shown(name)} is required, and none was given`
        faults.push({ name, kind: 'missing', message, remedy: 'give it, or declare a default' })
      }
      continue
    }
    const { value, problem } = fromText(given[name], type)
    if (problem === null && isOfType(value, type)) inputs[name] = value
    else {
      const why = problem === null ? '' : `: ${problem}`
      const message = `the input ${shown(name)}: expected type ${type}, found ${shown(given[name])}${why}`
      faults.push({ name, kind: 'value', message, remedy: `give a value of type ${type}` })
    }
  }
  return { inputs, faults }
}

/** What is wrong with inputs that one scenario gives another: they are data, so text is nothing but text. */
export function wrongKinds(declared: DeclaredInputs, given: Readonly<Record<string, unknown>>): InputFault[] {
  return Object.entries(given).flatMap(([name, value]): InputFault[] => {
    const type = (Object.hasOwn(declared, name) && declared[name]!.type) || 'any'
    if (isOfType(value, type)) return []
    const message = `the input ${shown(name)}: expected type ${type}, found ${shown(value)}`
    return [{ name, kind: 'value', message, remedy: `give a value of type ${type}` }]
  })
}

function isOfType(value: unknown, type: InputType): boolean {
  switch (type) {
    case 'any':
      return true
    case 'string':
    case 'boolean':
      return typeof value === type
    case 'number':
      return typeof value === 'number' && Number.isFinite(value)
    case 'integer':
      return Number.isSafeInteger(value)
    case 'list':
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
  }
}

function fromText(
  value: unknown,
  type: InputType,
): { readonly value: unknown; readonly problem: string | null } {
  if (typeof value !== 'string' || type === 'string' || type === 'any') return { value, problem: null }
  return { value: null, problem: null, ...readJson(value) }
}
