// examples/api, run for real in a copy: what was designed is served, tried and released; what fails its tests is not.
import { cpSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { folderWith, sagachart } from '../cli/command.ts'

const example = join(import.meta.dirname, '../../examples/api')

function runIt(args: readonly string[] = [], change?: (server: string) => string) {
  const folder = folderWith({})
  cpSync(example, folder, { recursive: true, filter: (path) => !/[/\\]out$/.test(path) })
  const server = join(folder, 'server.ts')
  if (change) writeFileSync(server, change(readFileSync(server, 'utf8')))
  const ran = sagachart(folder, ['run', 'api.yaml', '--output', 'result.json', ...args])
  const result = JSON.parse(readFileSync(join(folder, 'result.json'), 'utf8')) as ResultDocument
  const [scenario] = result.integration_scenarios.scenario_results
  const steps = new Map(scenario!.result.step_results.map((step) => [step.step_name, step]))
  return { ...ran, folder, outputs: scenario!.result.outputs, steps }
}

describe('examples/api', () => {
  it('designs, implements, tests and deploys an API that answers', () => {
    const { status, stdout, folder, outputs, steps } = runIt([
      '--input',
      'resource=books',
      '--input',
      'version=2.1.0',
    ])
    expect(status).toBe(0)
    const manifest = join(folder, 'out', 'books-2.1.0.json')
    // Each endpoint as it should be, three of them without an item, two of them with a wrong one.
    expect(outputs).toMatchObject({ tried: 10, kept: 1 })
    expect(JSON.parse(readFileSync(manifest, 'utf8'))).toEqual({
      resource: 'books',
      version: '2.1.0',
      endpoints: 5,
      tests_passed: 10,
    })
    expect(steps.get('implement')!.data).not.toEqual(steps.get('deploy')!.data)
    expect(stdout).toMatch(/^the deployed server is stopped\nthe server under test is stopped$/m)
  })

  it('releases nothing that does not pass, and does not try twice', () => {
    const forgets = (server: string) => server.replace('items.delete(id)', 'void id')
    const lenient = (server: string) =>
      forgets(server).replace('if (fault !== null)', 'if (fault === "never")')
    const { status, stdout, folder, steps } = runIt([], lenient)
    expect(status).toBe(1)
    expect(steps.get('test')).toMatchObject({ status: 'failed', attempts: 1 })
    expect(steps.get('test')!.error!.message).toMatch(/POST \/notes answered 201, not 422/)
    expect(steps.get('deploy')!.error!.code).toBe('DEPENDENCIES_NOT_SATISFIED')
    expect(existsSync(join(folder, 'out'))).toBe(false)
    expect(stdout).toMatch(/^the server under test is stopped$/m)
  })

  it('refuses a design that cannot be', () => {
    const { status, steps } = runIt(['--input', 'fields={"title":"poem"}'])
    expect(status).toBe(1)
    expect(steps.get('design')!.error!.message).toContain('title is of no kind that there is: poem')
  })
})
