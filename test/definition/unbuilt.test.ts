// Parts that are not built yet, and templates that are not filled in yet.
// oxlint-disable unicorn/no-thenable -- the document's own word; nothing here is ever awaited
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { accepted, codes, flow, refused, step, warnings } from './documents.ts'

const handler = (more: object) => ({
  events: { handlers: { step_failed: [{ module: 'm', operation: 'ok', ...more }] } },
})
/** A step below one list of each kind. */
const nested = (inner: object): object =>
  ['then', 'else', 'default', 'cases', 'steps'].reduce<object>((below, key) => {
    const own = { name: 'x', condition: 'true', then: [], [key]: [below] }
    if (key === 'steps') return { name: 'x', type: 'parallel', steps: [below] }
    if (key === 'cases') return { name: 'x', type: 'conditional', cases: [{ when: 'true', steps: [below] }] }
    if (key === 'default')
      return { name: 'x', type: 'conditional', cases: [{ when: 'true', steps: [] }], default: [below] }
    return { type: 'conditional', ...own }
  }, inner)

describe('parts not built yet', () => {
  it.each<[string, string]>([
    ['cache', flow([step('a', { cache: { key: 'x' } })])],
    ['cache of a nested step', flow([nested(step('a', { cache: { key: 'x' } }))])],
    ['filter of a handler', flow([step('a')], {}, {}, handler({ filter: 'true' }))],
    ['parameters of a handler', flow([step('a')], {}, {}, handler({ parameters: {} }))],
    ['a typed module', flow([step('a')], {}, { modules: [{ name: 'm', type: 'api' }] })],
    ['a typed pool', flow([step('a')], {}, {}, { resources: { pools: { p: { type: 'database' } } } })],
    [
      'mode',
      flow(
        [step('a', { resources: [{ name: 'p', mode: 'read' }] })],
        {},
        {},
        { resources: { pools: { p: {} } } },
      ),
    ],
    ['circuit_breaker_reset', flow([step('a')], {}, {}, { error_handling: { circuit_breaker_reset: 1 } })],
  ])('are refused where the template has no such key: %s', (_, text) => {
    expect(codes(text)).toEqual(['NOT_BUILT_YET'])
  })

  it('are warned of where the template has the key, a section at a time', () => {
    const top = {
      error_handling: { enable_circuit_breaker: true, circuit_breaker_threshold: 3 },
      performance: { cache_size: 3 },
    }
    expect(warnings(flow([step('a')], {}, {}, top)).map(({ message }) => message)).toEqual([
      'error_handling: enable_circuit_breaker, circuit_breaker_threshold have no effect yet',
      'performance: cache_size has no effect yet',
    ])
  })

  it('are warned of once where handlers that are built in do nothing yet', () => {
    const handlers = {
      workflow_started: ['log_workflow_start', 'initialize_monitoring'],
      step_failed: ['notify_ops', 'trigger_error_recovery'],
    }
    const text = flow([step('a')], {}, {}, { events: { handlers } })
    expect(warnings(text).map(({ message }) => message)).toEqual([
      'events: handlers: "initialize_monitoring", handlers: "trigger_error_recovery" have no effect yet',
    ])
    expect(accepted(text).definition.handlers.map(({ event }) => event)).toEqual([
      'workflow_started',
      'step_failed',
    ])
  })

  it('say nothing of keys that ask for nothing', () => {
    const top = {
      monitoring: { enabled: false },
      performance: { cache_enabled: false },
    }
    expect(warnings(flow([step('a')], {}, {}, top))).toEqual([])
  })
})

describe('template', () => {
  const template = readFileSync(new URL('./integration_template_config.yaml', import.meta.url), 'utf8')

  it('is refused with each of its placeholders, whatever YAML makes of them', () => {
    const left = refused(template).filter(({ code }) => code === 'PLACEHOLDER_LEFT')
    expect(left.map(({ message }) => /\{\w+\}/.exec(message)?.[0])).toEqual([
      '{module1}',
      '{module2}',
      '{module3}',
    ])
    expect(left[0]!.message).toMatch(/placeholder/)
  })

  it('is accepted once they are filled in, with few warnings', () => {
    const text = template
      .replaceAll('{module1}', 'ingest')
      .replaceAll('{module2}', 'process')
      .replaceAll('{module3}', 'store')
    const { definition, modules } = accepted(text)
    expect(definition.workflows.map(({ steps }) => steps.length)).toEqual([3, 5])
    expect(modules.map(({ name }) => name)).toEqual(['ingest', 'process', 'store'])
    expect(modules[1]!.config).toMatchObject({ max_workers: 4 })
    expect(warnings(text).length).toBeLessThanOrEqual(10)
  })

  it.each([
    ['a module', 'integration:\n  modules: ["{module1}"]\n  scenarios: []\n', 1],
    ['an unquoted key', 'integration: {modules: [], scenarios: []}\n{module1}:\n  version: "1"\n', 1],
    ['an unquoted module', 'integration:\n  modules:\n    - {module1}\n  scenarios: []\n', 1],
    ['a step', flow([step('{step_1}', { operation: '{actual_operation}' })]), 2],
    ['broken YAML', 'integration:\n  modules: [{module1}, {module2}\n  scenarios: []\n', 2],
    ['doubled keys', 'integration: {modules: []}\n{m}: 1\nintegration: {}\n', 1],
    ['a name with spaces', 'integration: {workflow_id: "{Integration Name}", modules: [], scenarios: []}', 1],
  ])('finds placeholders in %s', (_, text, count) => {
    expect(codes(text).filter((code) => code === 'PLACEHOLDER_LEFT')).toHaveLength(count)
  })

  it('leaves braces alone that are data', () => {
    accepted(
      flow([
        step('a', {
          parameters: { url: '/users/{id}', name: '{name}', map: { '{k}': 1 } },
          description: 'of {id}',
        }),
      ]),
    )
  })
})
