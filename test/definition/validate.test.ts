// Keys and kinds of values: each wrong one is found, named, and placed.
import { describe, expect, it } from 'vitest'
import * as z from 'zod'
import { durationMs } from '../../src/definition/duration.ts'
import { integrationSchema, moduleBlockSchema, sectionSchemas } from '../../src/definition/schema.ts'
import { accepted, codes, flow, refused, step } from './documents.ts'

describe('schema', () => {
  it.each([
    ['a list', '- 1', 'VALUE_INVALID'],
    ['text', 'hello', 'VALUE_INVALID'],
    ['no integration', 'output: {format: json}', 'KEY_MISSING'],
    ['no modules', 'integration: {scenarios: []}', 'KEY_MISSING'],
    ['no scenarios', 'integration: {modules: []}', 'KEY_MISSING'],
    ['an unknown section', 'integration: {modules: [], scenarios: []}\noutptu: {}', 'KEY_UNKNOWN'],
    [
      'an unknown key in a section',
      'integration: {modules: [], scenarios: []}\noutput: {fil: x}',
      'KEY_UNKNOWN',
    ],
    ['an unknown key of a step', flow([step('a', { retires: 1 })]), 'KEY_UNKNOWN'],
    [
      'an unknown key of a fallback',
      flow([step('a', { fallback: { operation: 'ok', paramters: {} } })]),
      'KEY_UNKNOWN',
    ],
    ['an empty fallback', flow([step('a', { fallback: {} })]), 'KEY_MISSING'],
    ['a negative timeout', flow([step('a', { timeout: -1 })]), 'VALUE_INVALID'],
    ['a timeout of zero', flow([step('a', { timeout: 0 })]), 'VALUE_INVALID'],
    ['a timeout without unit', flow([step('a', { timeout: '5' })]), 'VALUE_INVALID'],
    ['a timeout of "0s"', flow([step('a', { timeout: '0s' })]), 'VALUE_INVALID'],
    ['retries as text', flow([step('a', { retry_count: 'many' })]), 'VALUE_INVALID'],
    ['half a retry', flow([step('a', { retry_count: 1.5 })]), 'VALUE_INVALID'],
    ['an unknown verdict', flow([step('a', { on_failure: 'panic' })]), 'VALUE_INVALID'],
    ['a missing name', flow([{ module: 'm', operation: 'ok' }]), 'KEY_MISSING'],
    ['a missing operation', flow([{ name: 'a', module: 'm' }]), 'KEY_MISSING'],
    [
      'steps as a mapping',
      '{"integration":{"modules":[],"scenarios":[{"name":"s","steps":{}}]}}',
      'VALUE_INVALID',
    ],
    ['a control key without type', flow([step('a', { for_each: [1] })]), 'KEY_WITHOUT_EFFECT'],
    ['an unknown type', flow([{ name: 'a', type: 'paralel', steps: [] }]), 'VALUE_INVALID'],
    ['a step that is text', flow(['a' as unknown as object]), 'VALUE_INVALID'],
  ])('refuses %s', (_, text, code) => {
    expect(codes(text)).toContain(code)
  })

  it('reports what is wrong in different scenarios, in keys and in the graph, at once', () => {
    const text = JSON.stringify({
      integration: {
        modules: ['m'],
        scenarios: [
          { name: 'a', steps: [step('x', { tiemout: 1 })] },
          { name: 'b', steps: [step('x', { depends_on: ['x'] }), step('y', { module: 'n' })] },
        ],
      },
      logging: { levle: 'INFO' },
    })
    expect(codes(text).toSorted()).toEqual([
      'DEPENDENCY_CYCLE',
      'KEY_UNKNOWN',
      'KEY_UNKNOWN',
      'MODULE_NOT_REGISTERED',
    ])
  })

  it('takes a misspelt key for the one that is missing, and for no other', () => {
    const misspelt = { operaton: 'ok', operation: undefined }
    expect(codes(flow([step('a', misspelt)]))).toEqual(['KEY_UNKNOWN'])
    expect(codes(flow([step('a', { fallback: misspelt })]))).toEqual(['KEY_UNKNOWN'])
    expect(codes(flow([step('a', { ...misspelt, module: undefined })]))).toEqual([
      'KEY_MISSING',
      'KEY_UNKNOWN',
    ])
    // One that is there with a wrong value is told all the same.
    expect(codes(flow([step('a', { operaton: 'ok', operation: 1 })]))).toEqual([
      'VALUE_INVALID',
      'KEY_UNKNOWN',
    ])
  })

  it('names the allowed words and the likely one', () => {
    const [one] = refused(flow([step('a', { run_if: 'all_suceeded' })]))
    expect(one).toMatchObject({ remedy: 'did you mean "all_succeeded"?' })
    expect(one!.message).toContain('expected one of all_succeeded, all_done, any_succeeded, none_failed')
  })

  it('says of a union what the branch that was meant expects', () => {
    const text = flow([step('a', { resources: [{ name: 'p', units: 0 }] })])
    expect(refused(text)[0]!.message).toBe(
      'integration.scenarios[0].steps[0].resources[0].units: expected a whole number of at least 1, found 0',
    )
  })

  it.each([
    [5, 5000],
    [0.25, 250],
    ['250ms', 250],
    ['5s', 5000],
    ['2m', 120_000],
    ['1.5h', 5_400_000],
    ['1d', 86_400_000],
    [' 5 s ', 5000],
    [0, null],
    [-1, null],
    ['0s', null],
    ['-5s', null],
    ['5', null],
    ['5 weeks', null],
    ['0.0001s', null],
    [1e300, null],
    [Number.NaN, null],
    [null, null],
  ])('reads the time %j as %j ms', (written, ms) => {
    expect(durationMs(written)).toBe(ms)
  })

  it('gives a JSON Schema in which every key is described', () => {
    const bare: string[] = []
    const visit = (node: unknown, path: string, depth = 0): void => {
      if (typeof node !== 'object' || node === null || depth > 8) return
      const { properties, items, anyOf, oneOf, additionalProperties, $defs } = node as Record<string, unknown>
      for (const [key, item] of Object.entries(properties ?? {})) {
        if (!(item as { description?: string }).description && !('$ref' in (item as object)))
          bare.push(`${path}.${key}`)
        visit(item, `${path}.${key}`, depth + 1)
      }
      for (const part of [
        items,
        additionalProperties,
        ...((anyOf as unknown[]) ?? []),
        ...((oneOf as unknown[]) ?? []),
        ...Object.values($defs ?? {}),
      ])
        visit(part, path, depth + 1)
    }
    for (const [name, schema] of Object.entries({
      integration: integrationSchema,
      ...sectionSchemas,
      block: moduleBlockSchema,
    })) {
      visit(z.toJSONSchema(schema, { unrepresentable: 'any' }), name)
    }
    expect(bare).toEqual([])
  })

  it('accepts every key that is built', () => {
    const { definition } = accepted(
      JSON.stringify({
        integration: {
          workflow_id: 'w',
          description: 'd',
          fail_fast: true,
          enable_events: true,
          max_execution_time: '10m',
          retry_failed_steps: true,
          max_retries: 3,
          modules: ['m', { name: 'n', type: 'local', path: './n.ts', parameters: { a: 1 } }],
          inputs: { date: { type: 'string', default: 'x', description: 'd' } },
          env: ['HOME'],
          scenarios: [
            {
              name: 's',
              description: 'd',
              timeout: 60,
              parallel_execution: true,
              max_concurrency: 3,
              on_failure: 'compensate',
              compensation_timeout: '1m',
              outputs: { rows: '${{ steps.a.output }}' },
              steps: [
                step('b', {
                  description: 'd',
                  parameters: { x: 1 },
                  depends_on: ['a', 'a'],
                  run_if: 'all_done',
                  when: 'steps.a.status == "success"',
                  timeout: '1s',
                  retry_count: 1,
                  retry: {
                    backoff: 'linear',
                    initial: 2,
                    factor: 1,
                    max: 3,
                    jitter: 'none',
                    max_elapsed: 9,
                    non_retryable: ['E'],
                  },
                  fallback: { operation: 'other' },
                  on_failure: ['fallback', 'skip', 'fail_workflow', 'fail'],
                  resources: ['p', { name: 'q', units: 2 }, 'p'],
                  priority: -1,
                  heartbeat: 10,
                  on_cancel: 'abort',
                  compensate: {
                    module: 'n',
                    operation: 'undo',
                    parameters: { x: '${{ output }}' },
                    on: 'attempt',
                    timeout: '3s',
                    retry_count: 4,
                    retry: { backoff: 'constant' },
                  },
                }),
                step('a', { fallback: { value: { x: 1 } } }),
              ],
            },
          ],
        },
        m: { name: 'm', version: '1', path: './m.ts', config: { b: 2 } },
        resources: {
          max_concurrent_workflows: 2,
          resource_pool_size: 7,
          resource_timeout: '1m',
          pools: { p: {}, q: { units: 2 } },
        },
        events: {
          enabled: true,
          event_bus_size: 5,
          event_retention_hours: 2,
          handlers: {
            'step_*': ['log_step', { module: 'n', operation: 'page', priority: 2 }],
            step_failed: [{ module: 'm', operation: 'ok' }],
          },
        },
        error_handling: {
          recovery_strategies: ['retry', 'degradation'],
          max_granted_retries: 0,
          handler_timeout: '250ms',
        },
        output: { format: 'json', file: 'out.json', compress: false },
        performance: { parallel_execution: true },
      }),
    )
    expect(definition).toMatchObject({
      name: 'w',
      failFast: true,
      eventsEnabled: true,
      timeoutMs: 600_000,
      maxConcurrentWorkflows: 2,
      leaseTimeoutMs: 60_000,
      history: { sizeMax: 5, ageMsMax: 7_200_000 },
      pools: [
        { name: 'p', units: 7 },
        { name: 'q', units: 2 },
      ],
      inputs: { date: 'x' },
      handlers: [
        { event: 'step_*', target: { builtIn: 'log_step' }, priority: 0 },
        { event: 'step_*', target: { module: 'n', operation: 'page' }, priority: 2 },
        { event: 'step_failed', target: { module: 'm', operation: 'ok' }, priority: 0 },
      ],
    })
    expect(definition.workflows[0]).toMatchObject({
      onFailure: 'compensate',
      compensationTimeoutMs: 60_000,
      recovery: { strategies: ['retry', 'degradation'], grantedRetriesMax: 0, answerMs: 250 },
    })
    const [b, a] = definition.workflows[0]!.steps
    expect(b).toMatchObject({
      dependsOn: ['a'],
      runIf: 'all_done',
      timeoutMs: 1000,
      retry: {
        count: 1,
        nonRetryable: ['E'],
        backoff: {
          kind: 'linear',
          initialMs: 2000,
          factor: 1,
          maxMs: 3000,
          jitter: 'none',
          maxElapsedMs: 9000,
        },
      },
      fallback: { module: 'm', operation: 'other' },
      onFailure: ['fallback', 'skip', 'fail_workflow', 'fail'],
      resources: [
        { pool: 'p', units: 2 },
        { pool: 'q', units: 2 },
      ],
      priority: -1,
      heartbeatMs: 10_000,
      onCancel: 'abort',
      compensate: {
        module: 'n',
        operation: 'undo',
        on: 'attempt',
        timeoutMs: 3000,
        retry: { count: 4, backoff: { kind: 'constant', initialMs: 1000 } },
      },
    })
    expect(a).toMatchObject({
      retry: { count: 3 },
      fallback: { kind: 'value', value: { x: 1 } },
      onFailure: null,
    })
  })

  it('fills in the defaults', () => {
    const { definition } = accepted(flow([step('a')]))
    expect(definition).toMatchObject({
      name: 'integration_template_workflow',
      failFast: false,
      eventsEnabled: true,
      timeoutMs: 300_000,
      maxConcurrentWorkflows: 1,
      leaseTimeoutMs: 300_000,
      history: { sizeMax: 1000, ageMsMax: 86_400_000 },
    })
    expect(definition.workflows[0]).toMatchObject({
      timeoutMs: null,
      parallel: false,
      maxConcurrency: 64,
      onFailure: 'fail',
      compensationTimeoutMs: 300_000,
      recovery: { strategies: [], grantedRetriesMax: 1, answerMs: 5000 },
    })
    expect(definition.handlers).toEqual([])
    expect(definition.workflows[0]!.steps[0]).toEqual({
      name: 'a',
      call: { module: 'm', operation: 'ok', parameters: { kind: 'value', value: {} } },
      control: null,
      dependsOn: [],
      runIf: 'all_succeeded',
      when: null,
      timeoutMs: null,
      retry: {
        count: 0,
        backoff: {
          kind: 'exponential',
          initialMs: 1000,
          factor: 2,
          maxMs: 60_000,
          jitter: 'full',
          maxElapsedMs: null,
        },
        nonRetryable: [],
      },
      fallback: null,
      onFailure: null,
      compensate: null,
      onCancel: 'abort',
      heartbeatMs: null,
      resources: [],
      priority: 0,
    })
  })

  it('takes retry_failed_steps: false as a default of no retries', () => {
    const { definition } = accepted(
      flow([step('a'), step('b', { retry_count: 1 })], {}, { max_retries: 4, retry_failed_steps: false }),
    )
    expect(definition.workflows[0]!.steps.map(({ retry }) => retry.count)).toEqual([0, 1])
  })

  it('turns events off by either switch', () => {
    expect(accepted(flow([step('a')], {}, { enable_events: false })).definition.eventsEnabled).toBe(false)
    expect(accepted(flow([step('a')], {}, {}, { events: { enabled: false } })).definition.eventsEnabled).toBe(
      false,
    )
  })
})
