// Documents, run: what their keys do, on the simulation host.
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import { loadIntegrationText } from '../../src/load.ts'
import type { Effect } from '../../src/runtime/port/host.ts'
import { IntegrationLogic, type IntegrationReport } from '../../src/runtime/charts/integration-logic.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'

const calls: [step: string, parameters: unknown][] = []

const operations = {
  echo: (parameters: unknown, { step }: { step: string }) => {
    calls.push([step, parameters])
    return parameters
  },
  rows: () => ({ rows: 3, list: [1, 2, 3], 'odd key': 'yes' }),
  boom: () => {
    throw new Error('no luck')
  },
  named: () => {
    const more = { name: 'CustomException', code: 'E1', retryable: false, retryAfter: 2 }
    throw Object.assign(new Error('bad luck', { cause: new Error('why') }), more)
  },
}

interface Options {
  readonly reply?: (effect: Effect) => Reply
  readonly inputs?: Record<string, unknown>
  readonly env?: Record<string, string>
}

async function play(document: string, { reply, inputs, env }: Options = {}) {
  calls.length = 0
  const loaded = await loadIntegrationText(document, {
    modules: { m: operations },
    ...(inputs && { inputs }),
    ...(env && { env }),
  })
  if (!loaded.ok) throw new Error(loaded.diagnostics.map(({ message }) => message).join('\n'))
  const host = new SimulationHost(reply ? { reply } : {})
  const { definition, modules } = loaded
  const actor = createActor(new IntegrationLogic({ definition, modules, host }), {
    input: { inputs: definition.inputs },
  })
  actor.start()
  host.run()
  const report = actor.getSnapshot().output as unknown as IntegrationReport
  const [run] = report.scenarios
  return { report, run: run!, host, step: (name: string) => stepOf(run!, name)! }
}

const flow = (steps: string, more = '') => `
integration:
  modules: [m]
  scenarios:
    - name: s
${more.replace(/^/gm, '      ')}
      steps:
${steps.replace(/^/gm, '        ')}
`

describe('a document without modules', () => {
  const waits = (more = '') => `
integration:
  modules: []${more}
  scenarios:
    - { name: s, steps: [{ name: pause, type: wait, for: 1s }] }
    - { name: t, steps: [{ name: call, type: scenario, scenario: s }] }
`

  it('runs: a wait, or a scenario, needs none', async () => {
    const { report, host } = await play(waits())
    expect(report).toMatchObject({ status: 'completed', modules: [] })
    expect(host.time).toBe(2000)
  })

  it('has a limit from its start', async () => {
    const { report, host } = await play(waits('\n  max_execution_time: 500ms'))
    expect(report.status).toBe('timed_out')
    expect(host.time).toBe(500)
  })
})

describe('data', () => {
  it('is computed within one bound for all that is computed in one go', async () => {
    const heavy = 'inputs.l.all(a, inputs.l.all(b, a + b >= 0))'
    const inputs = 'inputs: {l: {type: list}}'
    const l = JSON.stringify(Array.from({ length: 150 }, (_, i) => i))
    const echo = '- {name: a, module: m, operation: echo}'
    const document = (steps: string, more = '') => `${flow(steps, more).trimEnd()}\n  ${inputs}\n`
    const played = async (steps: string, more = '') =>
      (await play(document(steps, more), { inputs: { l } })).run
    expect((await played(echo, `outputs: {x: "\${{ ${heavy} }}"}`)).outputs).toEqual({ x: true })
    const twice = await played(echo, `outputs: {x: "\${{ ${heavy} }}", y: "\${{ ${heavy} }}"}`)
    expect(twice.error?.message).toMatch(/units of work/)
    const cases = (when: string) =>
      `- {name: c, type: conditional, cases: [{when: "${when}", steps: []}, {when: "${when}", steps: []}]}`
    expect(await played(cases(heavy))).toMatchObject({ status: 'completed' })
    expect((await played(cases(`!${heavy}`))).error?.message).toMatch(/units of work/)
  })

  it('keeps the type of a whole expression, and makes text of an embedded one', async () => {
    const { step } = await play(
      flow(`
- {name: a, module: m, operation: rows}
- name: b
  module: m
  operation: echo
  depends_on: [a]
  parameters:
    whole: "\${{ steps.a.output.rows }}"
    sum: "\${{ steps.a.output.rows + 1 }}"
    text: "rows: \${{ steps.a.output.rows }}"
    nested: [{deep: "\${{ steps.a.output.list[1] }}"}]
    status: "\${{ steps.a.status }}"
    run: "\${{ run.scenario }}"`),
    )
    expect(step('b').output).toEqual({
      whole: 3,
      sum: 4,
      text: 'rows: 3',
      nested: [{ deep: 2 }],
      status: 'success',
      run: 's',
    })
  })

  it("understands the seed's shorthand, inputs, environment and outputs", async () => {
    const document = `
integration:
  modules: [m]
  env: [REGION]
  inputs: {date: {type: string, default: "2026-01-01"}, limit: {type: number, default: 5}}
  scenarios:
    - name: s
      outputs: {rows: "\${{ steps.a.output.rows * inputs.limit }}"}
      steps:
        - {name: a, module: m, operation: rows}
        - name: b
          module: m
          operation: echo
          depends_on: [a]
          parameters: {input: a_output, date: "\${{ inputs.date }}", region: "\${{ env.REGION }}"}`
    const { run, step } = await play(document, { inputs: { date: '2026-02-02' }, env: { REGION: 'eu' } })
    expect(step('b').output).toMatchObject({ input: { rows: 3 }, date: '2026-02-02', region: 'eu' })
    expect(run.outputs).toEqual({ rows: 15 })
  })

  it('shows of an error all that the result shows, and leaves no field out', async () => {
    const { step, run } = await play(
      flow(
        `
- {name: a, module: m, operation: boom, on_failure: skip}
- {name: b, module: m, operation: named, on_failure: skip}
- {name: caught, module: m, operation: echo, depends_on: [b], when: 'steps.b.error.name == "CustomException"'}
- {name: other, module: m, operation: echo, depends_on: [a], when: 'steps.a.error.name == "CustomException"'}
- {name: stood_in, module: m, operation: boom, depends_on: [b], fallback: {value: "\${{ steps.b.error }}"}}
- {name: group, type: parallel, depends_on: [b], steps: [{name: inner, module: m, operation: echo, parameters: {e: "\${{ steps.b.error.cause.message }}"}}]}`,
        'outputs: {plain: "${{ steps.a.error }}", named: "${{ steps.b.error.name }}", none: "${{ steps.caught.error }}"}',
      ),
    )
    const silent = { name: null, retryable: true, retryAfterMs: null, effect: null, step: null, cause: null }
    expect(step('b').error).toMatchObject({ code: 'E1', name: 'CustomException', retryAfterMs: 2000 })
    expect([step('caught').status, step('other').status]).toEqual(['success', 'skipped'])
    expect(step('stood_in').output).toEqual({
      ...{ code: 'E1', message: 'bad luck', name: 'CustomException', retryable: false, retryAfterMs: 2000 },
      effect: null,
      step: null,
      cause: { ...silent, code: 'OPERATION_FAILED', message: 'why' },
    })
    expect(step('group').output).toEqual({ inner: { e: 'why' } })
    expect(run.outputs).toEqual({
      plain: { ...silent, code: 'OPERATION_FAILED', message: 'no luck' },
      named: 'CustomException',
      none: null,
    })
  })

  it('fails without a retry where an expression finds nothing', async () => {
    const { step } = await play(
      flow(`
- {name: a, module: m, operation: rows}
- {name: b, module: m, operation: echo, depends_on: [a], retry_count: 3, parameters: {x: "\${{ steps.a.output.nothing.here }}"}}`),
    )
    expect(step('b')).toMatchObject({ status: 'failed', attempts: 1, error: { code: 'EXPRESSION_FAILED' } })
  })
})

describe('steps', () => {
  it('do not run where a join before them lacked a success', async () => {
    const { run } = await play(
      flow(
        `
- {name: mirror_a, module: m, operation: boom}
- {name: mirror_b, module: m, operation: boom}
- {name: unpack, module: m, operation: echo, depends_on: [mirror_a, mirror_b], run_if: any_succeeded}
- {name: publish, module: m, operation: echo, depends_on: [unpack], parameters: {files: unpack_output}}`,
        'parallel_execution: true',
      ),
    )
    expect(calls).toEqual([])
    expect(run.steps.map(({ status }) => status)).toEqual(['failed', 'failed', 'skipped', 'skipped'])
  })

  it('need the success of all before them where they say so', async () => {
    const { run } = await play(
      flow(`
- {name: lint, module: m, operation: echo, when: 'false'}
- {name: test, module: m, operation: echo, depends_on: [lint], run_if: ancestors_succeeded}
- {name: deploy, module: m, operation: echo, depends_on: [test], run_if: ancestors_succeeded}`),
    )
    expect(run.steps.map(({ status }) => status)).toEqual(['skipped', 'skipped', 'skipped'])
  })

  it('are skipped where `when` does not hold, and dependents go on', async () => {
    const { step } = await play(
      flow(`
- {name: a, module: m, operation: rows}
- {name: few, module: m, operation: echo, depends_on: [a], when: "steps.a.output.rows < 2"}
- {name: many, module: m, operation: echo, depends_on: [a], when: "steps.a.output.rows > 2"}
- {name: odd, module: m, operation: echo, depends_on: [a], when: "steps.a.output['odd key'] == 'yes'"}
- {name: after, module: m, operation: echo, depends_on: [few, many]}`),
    )
    const statuses = ['few', 'many', 'odd', 'after'].map((name) => step(name).status)
    expect(statuses).toEqual(['skipped', 'success', 'success', 'success'])
  })

  it('run one at a time in declared order, higher priority first', async () => {
    await play(
      flow(`
- {name: a, module: m, operation: echo}
- {name: b, module: m, operation: echo}
- {name: c, module: m, operation: echo, priority: 1}
- {name: d, module: m, operation: echo, depends_on: [c]}
- {name: e, module: m, operation: echo}`),
    )
    expect(calls.map(([step]) => step)).toEqual(['c', 'a', 'b', 'd', 'e'])
  })

  it('keep their slot while backing off only where steps run one at a time', async () => {
    const steps = `
- {name: a, module: m, operation: boom, retry_count: 1, retry: {initial: 1, jitter: none}}
- {name: b, module: m, operation: echo}`
    const sequential = await play(flow(steps))
    expect(sequential.step('b').startedAt).toBe(1000)
    const parallel = await play(flow(steps, 'parallel_execution: true\nmax_concurrency: 1'))
    expect(parallel.step('b').startedAt).toBe(0)
  })

  it('back off as their retry says', async () => {
    const { step, host } = await play(
      flow(
        '- {name: a, module: m, operation: boom, retry_count: 3, retry: {initial: 1, factor: 3, max: 5, jitter: none}}',
      ),
    )
    expect(step('a').attempts).toBe(4)
    expect(host.time).toBe(1000 + 3000 + 5000)
  })

  it('retry no more once max_elapsed is over', async () => {
    const { step, host } = await play(
      flow(
        '- {name: a, module: m, operation: boom, retry_count: 9, retry: {initial: 10, jitter: none, max_elapsed: 15}}',
      ),
    )
    expect(step('a').attempts).toBe(2)
    expect(host.time).toBe(15_000)
  })

  it('take the retries of the integration, unless it forbids them', async () => {
    const document = (retry: boolean) => `
integration: {modules: [m], max_retries: 2, retry_failed_steps: ${retry}, scenarios: [{name: s, steps: [{name: a, module: m, operation: boom}]}]}`
    expect((await play(document(true))).step('a').attempts).toBe(3)
    expect((await play(document(false))).step('a').attempts).toBe(1)
  })

  it('fall back, are skipped or end the run, as their verdicts say', async () => {
    const { step, run } = await play(
      flow(`
- {name: saved, module: m, operation: boom, fallback: {value: 7}}
- {name: called, module: m, operation: boom, fallback: {module: m, operation: echo, parameters: {from: fallback}}}
- {name: skipped, module: m, operation: boom, on_failure: [fallback, skip]}
- {name: last, module: m, operation: boom, on_failure: fail_workflow}
- {name: never, module: m, operation: echo}`),
    )
    expect(step('saved')).toMatchObject({ status: 'success', output: 7, attempts: 2 })
    expect(step('called')).toMatchObject({ status: 'success', output: { from: 'fallback' } })
    expect(step('skipped')).toMatchObject({ status: 'skipped', output: null })
    expect(step('never')).toMatchObject({ status: 'cancelled', attempts: 0 })
    expect(run).toMatchObject({ status: 'failed', error: { message: 'no luck' } })
  })

  it('are told to stop when they take too long, and abandoned when they do not listen', async () => {
    const deaf = ({ to }: Effect): Reply => (to.endsWith('/deaf') ? { kind: 'deaf' } : { kind: 'execute' })
    const { step, host, report } = await play(
      flow(
        '- {name: deaf, module: m, operation: echo, timeout: 2, retry_count: 1, retry: {initial: 1, jitter: none}}',
      ),
      { reply: deaf },
    )
    expect(step('deaf')).toMatchObject({
      status: 'failed',
      attempts: 2,
      error: { code: 'ATTEMPT_TIMED_OUT' },
    })
    expect(host.time).toBe(2 * (2000 + 5000) + 1000)
    expect(report.leasesOpen).toBe(0)
  })

  it('hold the units they ask for, no longer than an attempt', async () => {
    const slow = ({ kind }: Effect): Reply => ({ kind: 'execute', afterMs: kind === 'attempt' ? 1000 : 0 })
    const document = `
integration:
  modules: [m]
  scenarios:
    - name: s
      parallel_execution: true
      steps:
        - {name: big, module: m, operation: echo, resources: [{name: quota, units: 2}]}
        - {name: one, module: m, operation: echo, resources: [quota]}
        - {name: free, module: m, operation: echo}
resources: {pools: {quota: {units: 2}}}`
    const { step } = await play(document, { reply: slow })
    expect([step('big'), step('one'), step('free')].map(({ startedAt }) => startedAt)).toEqual([0, 1000, 0])
  })
})
