// What the reference model covers of a definition. The compiler holds the lists complete: a new key has to be named here.
import { describe, expect, it } from 'vitest'
import type { BackoffPolicy, RunCondition, Verdict } from '../../machines/protocol.ts'
import type {
  CompensationDefinition,
  ControlDefinition,
  RecoveryDefinition,
  RetryDefinition,
  StepDefinition,
  WorkflowDefinition,
} from '../../src/definition/model.ts'
import { importsOf, sources } from '../tidy/source.ts'

/** Generated workflows use it; the model knows it; or why not. */
type Coverage = 'compared' | 'modelled' | `no: ${string}`

type Keys<T> = Readonly<Record<Exclude<keyof T, 'kind'>, Coverage>>
type Control<TKind> = Extract<ControlDefinition, { kind: TKind }>
type Until<TKind> = Extract<Control<'wait'>['until'], { kind: TKind }>

const WORKFLOW: Keys<WorkflowDefinition> = {
  name: 'modelled',
  description: 'no: it has no effect',
  version: 'no: it counts where a run is resumed',
  timeoutMs: 'compared',
  parallel: 'compared',
  maxConcurrency: 'compared',
  failFast: 'compared',
  onFailure: 'compared',
  compensationTimeoutMs: 'modelled',
  recovery: 'compared',
  inputs: 'no: what is declared is not checked, what is given is seen',
  steps: 'compared',
  outputs: 'modelled',
  accept: 'no: it has no effect',
}

const STEP: Keys<StepDefinition> = {
  name: 'compared',
  call: 'compared',
  control: 'compared',
  dependsOn: 'compared',
  runIf: 'compared',
  when: 'compared',
  timeoutMs: 'compared',
  retry: 'compared',
  fallback: 'compared',
  onFailure: 'compared',
  compensate: 'compared',
  onCancel: 'compared',
  heartbeatMs: 'modelled',
  resources: 'compared',
  priority: 'compared',
  version: 'no: it counts where a run is resumed',
  accept: 'no: it has no effect',
}

const RETRY: Keys<RetryDefinition> & Readonly<Record<keyof BackoffPolicy, Coverage>> = {
  count: 'compared',
  backoff: 'compared',
  nonRetryable: 'modelled',
  kind: 'modelled',
  initialMs: 'compared',
  factor: 'modelled',
  maxMs: 'modelled',
  jitter: 'compared',
  maxElapsedMs: 'compared',
}

const COMPENSATION: Keys<CompensationDefinition> = {
  module: 'compared',
  operation: 'compared',
  parameters: 'modelled',
  on: 'compared',
  timeoutMs: 'compared',
  retry: 'compared',
}

const RECOVERY: Keys<RecoveryDefinition> = {
  strategies: 'compared',
  grantedRetriesMax: 'compared',
  answerMs: 'compared',
}

const CONTROL: { readonly [TKind in ControlDefinition['kind']]: Keys<Control<TKind>> } = {
  parallel: { block: 'compared', waitFor: 'compared', output: 'modelled' },
  conditional: { cases: 'compared', otherwise: 'modelled', output: 'modelled' },
  iterative: {
    over: 'compared',
    block: 'compared',
    iterationsMax: 'modelled',
    maxConcurrency: 'compared',
    tolerate: 'compared',
    output: 'modelled',
  },
  wait: { until: 'compared', output: 'modelled' },
  scenario: { workflow: 'compared', inputs: 'modelled', output: 'modelled' },
}

const WAIT: Keys<Until<'timer'>> & Keys<Until<'event'>> = {
  delayMs: 'compared',
  event: 'compared',
  filter: 'no: functions are not, expressions are modelled',
  timeoutMs: 'compared',
  onTimeout: 'modelled',
  shared: 'no: a wait that leaves signals to others',
}

const RUN_IF: Readonly<Record<RunCondition, Coverage>> = {
  all_succeeded: 'compared',
  all_done: 'compared',
  any_succeeded: 'compared',
  none_failed: 'compared',
  ancestors_succeeded: 'compared',
}

const VERDICTS: Readonly<Record<Verdict, Coverage>> = {
  retry: 'compared',
  fallback: 'compared',
  skip: 'compared',
  degradation: 'compared',
  fail: 'compared',
  fail_workflow: 'compared',
  compensate: 'compared',
}

describe('the reference model', () => {
  it('leaves out of a definition what it says that it does', () => {
    const lists = [
      WORKFLOW,
      STEP,
      RETRY,
      COMPENSATION,
      RECOVERY,
      ...Object.values(CONTROL),
      WAIT,
      RUN_IF,
      VERDICTS,
    ]
    const left = lists.flatMap((list) => Object.entries(list).filter(([, how]) => how.startsWith('no: ')))
    expect(left.map(([key]) => key)).toEqual([
      'description',
      'version',
      'inputs',
      'accept',
      'version',
      'accept',
      'filter',
      'shared',
    ])
  })

  it('imports types of the engine, and nothing else of it', () => {
    const rules = sources(['test/model']).filter(({ path }) => !/(?:compare|\.test)\.ts$/.test(path))
    const code = rules.flatMap(importsOf).filter(({ from, isType }) => !isType && !from.startsWith('./'))
    expect(rules.length).toBeGreaterThan(5)
    expect(code).toEqual([])
  })
})
