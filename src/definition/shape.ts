// What the compiler refuses in a builder's configuration, refused again when it runs: for those who write JavaScript, and
// for configurations that are computed. Kinds, keys and words only; numbers, times and names are judged in builder.ts.
import { SagachartError } from '../errors.ts'
import { listed, shown, suggestion } from './diagnostic.ts'

/** The kind of a value, as a check and in words. */
export interface Kind {
  readonly is: (value: unknown) => boolean
  readonly says: string
}

const isObject = (value: unknown) => typeof value === 'object' && value !== null && !Array.isArray(value)
export const object: Kind = { is: isObject, says: 'an object' }
export const text: Kind = { is: (value) => typeof value === 'string', says: 'text' }
const flag: Kind = { is: (value) => typeof value === 'boolean', says: 'true or false' }
const number: Kind = { is: (value) => typeof value === 'number', says: 'a number' }
export const callable: Kind = { is: (value) => typeof value === 'function', says: 'a function' }
export const anything: Kind = { is: () => true, says: 'anything' }

export const oneOf = (...words: readonly string[]): Kind => ({
  is: (value) => words.includes(value as string),
  says: `one of ${words.join(', ')}`,
})

export const listOf = ({ is, says }: Kind): Kind => ({
  is: (value) => Array.isArray(value) && value.every(is),
  says: `a list, each ${says}`,
})

export const either = (...kinds: readonly Kind[]): Kind => ({
  is: (value) => kinds.some(({ is }) => is(value)),
  says: kinds.map(({ says }) => says).join(', or '),
})

const verdict = oneOf('retry', 'fallback', 'skip', 'degradation', 'fail', 'fail_workflow', 'compensate')
const given = either(object, callable)

const WORKFLOW: Readonly<Record<string, Kind>> = {
  id: text,
  description: text,
  timeout: anything,
  parallel: flag,
  maxConcurrency: anything,
  failFast: flag,
  onFailure: oneOf('fail', 'compensate'),
  compensationTimeout: anything,
  recovery: object,
  inputs: object,
  steps: object,
  outputs: object,
}

const STEP: Readonly<Record<string, Kind>> = {
  invoke: either(text, object),
  parameters: given,
  dependsOn: listOf(text),
  runIf: oneOf('all_succeeded', 'all_done', 'any_succeeded', 'none_failed'),
  when: callable,
  timeout: anything,
  retry: object,
  fallback: object,
  onFailure: either(verdict, listOf(verdict)),
  compensate: either(text, object),
  onCancel: oneOf('abort', 'await'),
  heartbeat: anything,
  resources: listOf(either(text, object)),
  priority: number,
}

const RETRY: Readonly<Record<string, Kind>> = {
  count: anything,
  backoff: oneOf('exponential', 'linear', 'constant'),
  initial: anything,
  factor: number,
  max: anything,
  jitter: oneOf('full', 'equal', 'none'),
  maxElapsed: anything,
  nonRetryable: listOf(text),
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkWorkflowShape(config: object, place: string): void {
  checkShape(config, WORKFLOW, ['id', 'steps'], place)
  const { recovery } = config as { readonly recovery?: object }
  if (recovery !== undefined) checkShape(recovery, RECOVERY, [], `${place}, recovery`)
}

const COMPENSATE: Readonly<Record<string, Kind>> = {
  invoke: text,
  parameters: given,
  on: oneOf('success', 'attempt'),
  timeout: anything,
  retry: object,
}

const RECOVERY: Readonly<Record<string, Kind>> = {
  strategies: listOf(verdict),
  maxGrantedRetries: anything,
  handlerTimeout: anything,
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkCompensateShape(config: object, place: string): void {
  checkShape(config, COMPENSATE, ['invoke'], `${place}, compensate`)
  const { retry } = config as { readonly retry?: object }
  if (retry !== undefined) checkShape(retry, RETRY, [], `${place}, compensate, retry`)
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkStepShape(step: object, place: string): void {
  checkShape(step, STEP, ['invoke'], place)
  const { retry } = step as { readonly retry?: object }
  if (retry !== undefined) checkShape(retry, RETRY, [], `${place}, retry`)
}

/** @throws WORKFLOW_INVALID on a missing or unknown key, or a value of another kind */
export function checkShape(
  value: object,
  shape: Readonly<Record<string, Kind>>,
  required: readonly string[],
  place: string,
): void {
  if (!isObject(value)) throw invalid(`${place}: expected an object, found ${shown(value)}; correct it`)
  for (const key of required) {
    if ((value as Record<string, unknown>)[key] === undefined)
      throw invalid(`${place}: ${key} is missing; give it`)
  }
  for (const [key, item] of Object.entries(value)) {
    if (!Object.hasOwn(shape, key)) {
      const remedy = suggestion(key, Object.keys(shape), `there are ${listed(Object.keys(shape))}`)
      throw invalid(`${place}: unknown key ${shown(key)}; ${remedy}`)
    }
    if (item === undefined) continue
    const { is, says } = shape[key]!
    if (!is(item)) throw invalid(`${place}: ${key}: expected ${says}, found ${shown(item)}; correct it`)
  }
}

const invalid = (message: string) => new SagachartError('WORKFLOW_INVALID', message)
