// The drill: what becomes of a document when each of its modules and pools fails. The command's part is in run.test.ts.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { IntegrationDefinition, WorkflowDefinition } from '../../src/definition/model.ts'
import { arbitraries } from '../../src/testing/index.ts'
import { drill, DRILL_STEPS_MAX } from '../../src/testing/drill.ts'
import { retries, saga, step, workflow } from '../runtime/workflows.ts'

const integration = (
  workflows: readonly WorkflowDefinition[],
  more: Partial<IntegrationDefinition> = {},
): IntegrationDefinition => ({
  name: 'drilled',
  failFast: false,
  eventsEnabled: true,
  timeoutMs: 60_000,
  maxConcurrentWorkflows: 1,
  leaseTimeoutMs: 5_000,
  history: { sizeMax: 100, ageMsMax: 60_000 },
  pools: [],
  inputs: {},
  env: {},
  handlers: [],
  workflows,
  ...more,
})

const calls = (module: string) => ({
  call: { module, operation: 'op', parameters: { kind: 'value' as const, value: {} } },
})
const pools = [{ name: 'pool', units: 1 }]
const outcomes = (definition: IntegrationDefinition) =>
  drill(definition).error_scenarios.map(
    ({ scenario, target, status, handled, recovered }) =>
      `${scenario} ${target}: ${status}${handled ? ', handled' : ''}${recovered ? ', recovered' : ''}`,
  )

describe('the drill', () => {
  it('lets each module fail and fall silent, and takes each pool', () => {
    const resources = [{ pool: 'pool', units: 1 }]
    const definition = integration([workflow([step('read', { resources }), step('write', calls('api'))])], {
      pools,
    })
    expect(outcomes(definition)).toEqual([
      'module_failure m: failed, handled',
      'communication_failure m: timed_out, handled',
      'module_failure api: failed, handled',
      'communication_failure api: timed_out, handled',
      'resource_exhaustion pool: failed, handled',
    ])
  })

  it('tells what is recovered from: by a fallback, by a skip, by undoing', () => {
    const undone = workflow([saga('reserve'), step('charge', { ...calls('api'), dependsOn: ['reserve'] })], {
      onFailure: 'compensate',
    })
    expect(outcomes(integration([undone]))).toContain('module_failure api: failed, handled, recovered')
    const skipped = workflow([
      step('notify', { ...calls('mail'), onFailure: ['skip'], timeoutMs: 1_000, retry: retries(1) }),
    ])
    expect(outcomes(integration([skipped]))).toEqual([
      'module_failure mail: completed, handled, recovered',
      'communication_failure mail: completed, handled, recovered',
    ])
  })

  it('does not handle what nothing limits', () => {
    const definition = integration([workflow([step('wait')])], { timeoutMs: null })
    expect(outcomes(definition)).toEqual([
      'module_failure m: failed, handled',
      'communication_failure m: never_ended',
    ])
  })

  it('plays nothing where there is too much of it, and says so', () => {
    const many = Array.from({ length: DRILL_STEPS_MAX }, (_, index) => step(`s${index}`))
    const { skipped, error_scenarios } = drill(integration([workflow(many)]))
    expect(skipped).toBe('the drill would play 40000 steps, it plays at most 20000')
    expect(error_scenarios).toEqual([])
  })

  it('handles every random workflow that has a limit', () => {
    const property = fc.property(arbitraries.definition({ depthMax: 1 }), (definition) => {
      const { skipped, error_scenarios } = drill(
        integration([definition], { pools: [{ name: 'pool', units: 2 }] }),
      )
      expect(skipped).toBeNull()
      for (const { handled, recovered, leases_open } of error_scenarios) {
        expect({ handled, leases_open }).toEqual({ handled: true, leases_open: 0 })
        expect(recovered && !handled).toBe(false)
      }
    })
    fc.assert(property, { numRuns: 60 })
  })
})
