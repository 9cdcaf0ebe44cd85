// What a run is given, held against what the document declares: defaults, kinds of values, what is missing. Text is
// read as the declared kind, for command lines know nothing else.
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import type { InputDocument } from './schema.ts'

/**
 * The inputs of a run, by name.
 * @param required whether an input without value and default is a problem; a mere validation runs nothing
 */
export function readInputs(
  declared: Readonly<Record<string, InputDocument>>,
  given: Readonly<Record<string, unknown>>,
  required: boolean,
  problems: Problems,
): Record<string, unknown> {
  const inputs: Record<string, unknown> = Object.create(null)
  for (const name of Object.keys(given)) {
    if (Object.hasOwn(declared, name)) continue
    const message = `the input ${shown(name)} was given, and the document declares ${listed(Object.keys(declared))}`
    const remedy = suggestion(name, Object.keys(declared), 'declare it in integration.inputs')
    problems.add({ code: 'INPUT_INVALID', message, remedy, path: ['integration', 'inputs'], part: 'key' })
  }
  for (const [name, input] of Object.entries(declared)) {
    const path = ['integration', 'inputs', name]
    const type = input.type ?? 'any'
    if (input.default !== undefined && !isOfType(input.default, type)) {
      const message = `the input ${shown(name)}: its default must be of type ${type}, found ${shown(input.default)}`
      problems.add({
        code: 'VALUE_INVALID',
        message,
        remedy: 'change the default or the type',
        path: [...path, 'default'],
      })
    }
    if (!Object.hasOwn(given, name) || given[name] === undefined) {
      if (input.default !== undefined) inputs[name] = input.default
      else if (required) {
        const message = `the input ${shown(name)} is required, and none was given`
        const remedy = `give it (--input ${name}=…), or declare a default`
        problems.add({ code: 'INPUT_INVALID', message, remedy, path, part: 'key' })
      }
      continue
    }
    const value = fromText(given[name], type)
    if (isOfType(value, type)) inputs[name] = value
    else {
      const message = `the input ${shown(name)}: expected type ${type}, found ${shown(given[name])}`
      problems.add({
        code: 'INPUT_INVALID',
        message,
        remedy: `give a value of type ${type}`,
        path,
        part: 'key',
      })
    }
  }
  return inputs
}

type InputType = NonNullable<InputDocument['type']>

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

function fromText(value: unknown, type: InputType): unknown {
  if (typeof value !== 'string' || type === 'string' || type === 'any') return value
  try {
    return JSON.parse(value)
  } catch {
    return value
  }
}
