// examples/services, run for real: servers that listen while the run goes on, and nobody afterwards.
import { cpSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { createActor, toPromise } from 'xstate'
import { memoryHost } from '../../src/hosts/memory.ts'
import { loadIntegration } from '../../src/load.ts'
import { IntegrationLogic, type IntegrationReport } from '../../src/runtime/charts/integration-logic.ts'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { stepOf } from '../../src/runtime/report/step-records.ts'
import { folderWith, sagachart } from '../cli/command.ts'

const example = join(import.meta.dirname, '../../examples/services')
const document = join(example, 'services.yaml')

function runIt(...args: string[]) {
  const folder = folderWith({})
  const ran = sagachart(folder, ['run', document, '--output', 'result.json', ...args])
  const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as ResultDocument
  const [scenario] = result.integration_scenarios.scenario_results
  const steps = new Map(scenario!.result.step_results.map((step) => [step.step_name, step]))
  return { ...ran, result, scenario: scenario!, steps }
}

const stopped = ['order_service', 'product_service', 'user_service', 'auth_service']
const ends = (stdout: string) => [...stdout.matchAll(/^(\w+) stopped after (\d+) requests$/gm)]

describe('examples/services', () => {
  it('starts three servers side by side and the fourth last, and places an order through all of them', () => {
    const { status, stdout, scenario, steps } = runIt('--input', 'quantity=2')
    expect(status).toBe(0)
    expect(scenario.result.outputs).toEqual({ order: 1, total: 70, left_in_stock: 1 })
    expect(steps.get('place_order')!.data).toMatchObject({ name: 'Ada', title: 'A kettle', quantity: 2 })
    const times = (name: string) => [steps.get(name)!.started_at!, steps.get(name)!.finished_at!] as const
    const three = ['auth', 'user', 'product']
    const order = times('order_service')[0]
    for (const name of three) expect(times(`${name}_healthy`)[1] <= order).toBe(true)
    const started = three.map((name) => times(`${name}_service`)[0])
    const firstHealthy = three
      .map((name) => times(`${name}_healthy`)[1])
      .toSorted((a, b) => (a < b ? -1 : 1))[0]!
    for (const at of started) expect(at <= firstHealthy).toBe(true)
    expect(ends(stdout).map(([, name]) => name)).toEqual(stopped)
    for (const [, , requests] of ends(stdout)) expect(Number(requests)).toBeGreaterThan(0)
  })

  it('stops them all again where an order is refused, which is not tried twice', () => {
    const { status, stdout, steps } = runIt('--input', 'quantity=4')
    expect(status).toBe(1)
    const { error, attempts } = steps.get('place_order')!
    expect(error?.message).toContain('3 of kettle are left, 4 were asked for')
    expect(attempts).toBe(1)
    expect(ends(stdout).map(([, name]) => name)).toEqual(stopped)
  })

  it('listens while it runs, and no longer', async () => {
    const folder = folderWith({})
    cpSync(example, folder, { recursive: true })
    // A copy of its own: modules are loaded once a process.
    const loaded = await loadIntegration(join(folder, 'services.yaml'))
    if (!loaded.ok) throw new Error('it does not load')
    const { definition, modules } = loaded
    const logic = new IntegrationLogic({ definition, modules, host: memoryHost({ log: () => {} }) })
    const report = await toPromise(createActor(logic, { input: { inputs: definition.inputs } }).start())
    const urls = ['auth', 'user', 'product', 'order'].map((name) => {
      const [run] = (report as unknown as IntegrationReport).scenarios
      return (stepOf(run!, `${name}_service`).output as { url: string }).url
    })
    expect(new Set(urls).size).toBe(4)
    for (const url of urls) await expect(fetch(`${url}/health`)).rejects.toThrow()
  })
})
