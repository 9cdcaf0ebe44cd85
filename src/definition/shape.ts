// What the compiler refuses in a builder's configuration, refused again when it runs: for those who write JavaScript, and
// for configurations that are computed. Kinds, keys and words only; numbers, times and names are judged where they are read.
import type { RunCondition, Verdict } from '../../machines/protocol.ts'
import { SagachartError } from '../errors.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import { acceptanceFault } from './findings/codes.ts'

/** The kind of a value, as a check and in words. */
interface Kind {
  readonly is: (value: unknown) => boolean
  readonly says: string
}

/** Whether a value is an object that is no list. */
export const isObject = (value: unknown): value is object =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether a value is a user's function. */
export const isCallable = (value: unknown): value is (...given: unknown[]) => unknown =>
  typeof value === 'function'

const object: Kind = { is: isObject, says: 'an object' }
const text: Kind = { is: (value) => typeof value === 'string', says: 'text' }
const flag: Kind = { is: (value) => typeof value === 'boolean', says: 'true or false' }
const number: Kind = { is: (value) => typeof value === 'number', says: 'a number' }
const callable: Kind = { is: isCallable, says: 'a function' }
const list: Kind = { is: Array.isArray, says: 'a list' }
const anything: Kind = { is: () => true, says: 'anything' }

const oneOf = (...words: readonly string[]): Kind => ({
  is: (value) => words.includes(value as string),
  says: `one of ${words.join(', ')}`,
})

const listOf = ({ is, says }: Kind): Kind => ({
  is: (value) => Array.isArray(value) && value.every(is),
  says: `a list, each ${says}`,
})

const either = (...kinds: readonly Kind[]): Kind => ({
  is: (value) => kinds.some(({ is }) => is(value)),
  says: kinds.map(({ says }) => says).join(', or '),
})

type Shape = Readonly<Record<string, Kind>>

/** Every `run_if`. */
export const RUN_CONDITIONS = [
  'all_succeeded',
  'all_done',
  'any_succeeded',
  'none_failed',
  'ancestors_succeeded',
] as const satisfies readonly RunCondition[]

const STRATEGIES = ['retry', 'fallback', 'skip', 'degradation'] as const satisfies readonly Verdict[]
/** Every verdict. */
export const VERDICTS = [
  ...STRATEGIES,
  'fail',
  'fail_workflow',
  'compensate',
] as const satisfies readonly Verdict[]
const verdict = oneOf(...VERDICTS)
const strategy = oneOf(...STRATEGIES)
const given = either(object, callable)
/** Nested ones: a literal, or a function that adds to the list that it is given. */
const steps = either(object, callable)

const WORKFLOW: Shape = {
  id: text,
  description: text,
  version: text,
  timeout: anything,
  parallel: flag,
  maxConcurrency: anything,
  failFast: flag,
  onFailure: oneOf('fail', 'compensate'),
  compensationTimeout: anything,
  onIncomplete: oneOf('report', 'reject'),
  recovery: object,
  inputs: object,
  steps,
  outputs: object,
  accept: object,
}

const RECOVERY: Shape = {
  strategies: either(strategy, listOf(strategy)),
  maxGrantedRetries: anything,
  handlerTimeout: anything,
}

/** What every step may say. */
const STEP: Shape = {
  dependsOn: listOf(text),
  runIf: oneOf(...RUN_CONDITIONS),
  when: callable,
  fallback: object,
  onFailure: either(verdict, listOf(verdict)),
  compensate: either(text, object),
  onCancel: oneOf('abort', 'await'),
  priority: number,
  version: text,
  accept: object,
}

const ATTEMPTS: Shape = { timeout: anything, retry: object }
const CONTROL: Shape = { ...ATTEMPTS, output: callable }

/** What a step of each kind may say beside that. The key that names the kind comes first, then what the kind needs. */
const KINDS: Readonly<Record<string, { readonly shape: Shape; readonly needs?: string }>> = {
  invoke: {
    shape: {
      invoke: text,
      parameters: given,
      ...ATTEMPTS,
      resources: listOf(either(text, object)),
      heartbeat: anything,
    },
  },
  parallel: {
    shape: {
      parallel: steps,
      waitFor: either(oneOf('all', 'any'), number),
      maxConcurrency: anything,
      ...CONTROL,
    },
  },
  // oxlint-disable-next-line unicorn/no-thenable -- the document's own word; a shape is never awaited
  condition: { shape: { condition: callable, then: steps, else: steps, ...CONTROL }, needs: 'then' },
  cases: { shape: { cases: listOf(object), default: steps, ...CONTROL } },
  forEach: {
    shape: {
      forEach: either(list, callable),
      steps,
      maxConcurrency: anything,
      maxIterations: anything,
      tolerate: either(number, text),
      ...CONTROL,
    },
    needs: 'steps',
  },
  while: { shape: { while: callable, steps, maxIterations: anything, ...CONTROL }, needs: 'steps' },
  until: { shape: { until: callable, steps, maxIterations: anything, ...CONTROL }, needs: 'steps' },
  wait: { shape: { wait: anything, output: callable } },
  waitForEvent: {
    shape: {
      waitForEvent: text,
      filter: callable,
      timeout: anything,
      onTimeout: oneOf('fail', 'skip', 'continue'),
      shared: flag,
      output: callable,
    },
  },
  scenario: { shape: { scenario: given, inputs: given, ...CONTROL } },
}

const KEYS = [...new Set([STEP, ...Object.values(KINDS).map(({ shape }) => shape)].flatMap(Object.keys))]

const RETRY: Shape = {
  count: anything,
  backoff: oneOf('exponential', 'linear', 'constant'),
  initial: anything,
  factor: number,
  max: anything,
  jitter: oneOf('full', 'equal', 'none'),
  maxElapsed: anything,
  nonRetryable: listOf(text),
}

const COMPENSATE: Shape = {
  invoke: text,
  parameters: given,
  on: oneOf('success', 'attempt'),
  ...ATTEMPTS,
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkWorkflowShape(config: object, place: string): void {
  checkShape(config, WORKFLOW, ['id', 'steps'], place)
  checkAcceptance(config, place)
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkRecoveryShape(recovery: object, place: string): void {
  checkShape(recovery, RECOVERY, [], place)
}

/** @throws WORKFLOW_INVALID on a step of no kind or of two, an unknown key, or a value of another kind */
export function checkStepShape(step: object, place: string): void {
  if (!isObject(step)) throw invalid(`${place}: expected an object, found ${shown(step)}; correct it`)
  // A key of a step that is there without a value says nothing.
  const given = Object.entries(step).filter(([key, value]) => value !== undefined || !KEYS.includes(key))
  const [kind, second] = given.map(([key]) => key).filter((key) => Object.hasOwn(KINDS, key))
  if (second !== undefined)
    throw invalid(`${place}: it has both ${kind} and ${second}, and a step does one thing; leave one out`)
  if (kind === undefined) {
    const misspelt = given.find(([key]) => !Object.hasOwn(STEP, key) && !KEYS.includes(key))?.[0]
    const kinds = `give one of ${Object.keys(KINDS).join(', ')}`
    if (misspelt === undefined) throw invalid(`${place}: it says nothing to do; ${kinds}`)
    throw invalid(`${place}: unknown key ${shown(misspelt)}; ${suggestion(misspelt, KEYS, kinds)}`)
  }
  const { shape, needs } = KINDS[kind]!
  const misplaced = given.find(([key]) => !Object.hasOwn(STEP, key) && !Object.hasOwn(shape, key))?.[0]
  if (misplaced !== undefined && KEYS.includes(misplaced))
    throw invalid(`${place}: ${misplaced} has no effect in a step with ${kind}; leave it out`)
  checkShape(Object.fromEntries(given), { ...shape, ...STEP }, needs === undefined ? [] : [needs], place)
  checkRetryShape(step, place)
  checkAcceptance(step, place)
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkFallbackShape(fallback: object, place: string): void {
  if (Object.hasOwn(fallback, 'invoke'))
    checkShape(fallback, { invoke: text, parameters: given, compensate: anything }, [], place)
  else checkShape(fallback, { value: anything }, ['value'], place)
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkCompensateShape(compensate: object, place: string): void {
  checkShape(compensate, COMPENSATE, ['invoke'], place)
  checkRetryShape(compensate, place)
}

/** @throws WORKFLOW_INVALID on an unknown key, or a value of another kind */
export function checkCaseShape(each: object, place: string): void {
  checkShape(each, { when: callable, steps }, ['when', 'steps'], place)
}

function checkRetryShape({ retry }: { readonly retry?: object }, place: string): void {
  if (retry !== undefined) checkShape(retry, RETRY, [], `${place}, retry`)
}

function checkAcceptance({ accept }: { readonly accept?: object }, place: string): void {
  const fault = accept && acceptanceFault(accept)
  if (fault) throw invalid(`${place}, accept: ${fault}`)
}

function checkShape(value: object, shape: Shape, required: readonly string[], place: string): void {
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
