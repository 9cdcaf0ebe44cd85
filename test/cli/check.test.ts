// The command that explores a document: its exit codes, its options, what it finds and keeps. Not what exploration is.
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import mermaid from 'mermaid'
import { describe, expect, it } from 'vitest'
import { flow, folderWith, sagachart, started, step } from './command.ts'

const undone = { compensate: { operation: 'undo' } }

/** A saga in which the second step's doing is not undone. */
const forgetful = flow(
  [
    step('reserve', 'ok', undone),
    step('charge', 'ok', { depends_on: ['reserve'] }),
    step('ship', 'ok', { depends_on: ['charge'] }),
  ],
  {
    on_failure: 'compensate',
  },
)
const mended = forgetful.replace('"name":"charge"', '"compensate":{"operation":"undo"},"name":"charge"')
const complete = flow([step('reserve', 'ok', undone), step('charge', 'ok', { depends_on: ['reserve'] })], {
  on_failure: 'compensate',
})

/** A document with a `testing` section. */
const withTesting = (testing: object, steps = [step('a', 'ok')]) =>
  JSON.stringify({ ...JSON.parse(flow(steps)), testing })

const check = (document: string, ...options: string[]) =>
  sagachart(folderWith({ 'flow.yaml': document }), ['check', 'flow.yaml', ...options])

describe('check', () => {
  it('explores a document completely, without its modules, and says what holds', () => {
    const { status, stdout, stderr } = check(complete)
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    expect(stdout).toMatch(/^✓ \S+ holds: complete for ≤ 2 faults: [\d,]+ schedules, [\d,]+ distinct states/)
    expect(stdout).toContain('faults survived: ')
    expect(stdout).toMatch(/step: \d+ of \d+ states/)
  })

  it('fails where something is found that no run is needed to tell', () => {
    const { status, stdout } = check(forgetful, '--faults', '1')
    expect(status).toBe(1)
    expect(stdout).toContain('UNDONE_EFFECT')
    expect(stdout).toContain('is violated')
    const accepted = forgetful.replace(
      '"name":"charge"',
      '"accept":{"UNDONE_EFFECT":"reads only"},"name":"charge"',
    )
    expect(check(accepted, '--faults', '1').status).toBe(0)
  })

  it('answers in JSON', () => {
    const { status, stdout } = check(complete, '--json', '--faults', '1')
    const { outcome, findings, explorations } = JSON.parse(stdout)
    expect({ status, outcome, findings }).toEqual({ status: 0, outcome: 'holds', findings: [] })
    expect(explorations).toMatchObject([
      { outcome: 'holds', isComplete: true, faultsMax: 1, counterexample: null },
    ])
  })

  it('draws schedules where it may not keep any, by a seed', () => {
    const { stdout } = check(complete, '--states', '0', '--runs', '60', '--seed', '5')
    expect(stdout).toContain('a sample of ≤ 2 faults (seed 5): 60 schedules')
  })

  it('explores what the testing section says, and no more', () => {
    expect(check(withTesting({ test_scenarios: ['happy_path'] })).stdout).toContain(
      'complete for ≤ 0 faults: 1 schedules',
    )
    const nothing = check(withTesting({ enable_integration_tests: false }))
    expect(nothing).toMatchObject({ status: 0, stdout: expect.stringContaining('nothing explored') })
    const wrong = check(withTesting({ test_scenarios: ['happy_pat'] }))
    expect(wrong).toMatchObject({ status: 2, stderr: expect.stringContaining('did you mean "happy_path"?') })
    const real = check(withTesting({ mock_external_dependencies: false }))
    expect(real.stdout).toContain('operations were stubbed')
  })

  it.each([
    [['--faults', 'two'], '--faults takes a whole number from 0 to 100, found "two"'],
    [['--time', 'soon'], '--time takes a time such as 30s or 5m, found "soon"'],
    [['--scenario', 'nope'], '--scenario names one of'],
    [['--replay', 'nope.json'], '--replay names a file, found "nope.json"'],
    [['--real'], '--real executes operations, and the document does not ask for it'],
  ])('refuses %j', (options, message) => {
    const { status, stderr } = check(complete, ...options)
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining(message) })
    expect(stderr).not.toContain('    at ')
  })

  it('refuses to explore what is too large', () => {
    const many = Array.from({ length: 2_001 }, (_, index) => step(`s${index}`, 'ok'))
    const { status, stderr } = check(flow(many))
    expect({ status, stderr }).toMatchObject({ status: 2, stderr: expect.stringContaining('has 2001 steps') })
  })

  it('refuses a document that is none', () => {
    expect(check('integration: 1')).toMatchObject({ status: 2, stdout: '' })
  })

  it('executes operations where the document and the command say so, and finds what is wrong with them', () => {
    const module = `let calls = 0
export default { ok: () => ({ rows: 1 }), undo: () => null }`
    const document = withTesting({ mock_external_dependencies: false })
    const folder = folderWith({ 'flow.yaml': document, 'modules/m.ts': module })
    expect(sagachart(folder, ['check', 'flow.yaml', '--real', '--faults', '1'])).toMatchObject({ status: 0 })
  })

  it('stubs with the examples that modules give', () => {
    const module = `export default {
  operations: { ok: () => { throw new Error('called') } },
  examples: { ok: { rows: 3 } },
}`
    const steps = [
      step('a', 'ok'),
      step('b', 'ok', { depends_on: ['a'], when: '${{ steps.a.output.rows > 2 }}' }),
    ]
    const document = withTesting({ generate_test_data: true }, steps)
    const folder = folderWith({ 'flow.yaml': document, 'modules/m.ts': module })
    const { stdout, status } = sagachart(folder, ['check', 'flow.yaml', '--faults', '0', '--json'])
    expect({ status, ends: JSON.parse(stdout).explorations[0].endings }).toEqual({
      status: 0,
      ends: { completed: 1 },
    })
  })
})

describe('check, when it is told to stop', () => {
  it('says what it has found so far', async () => {
    const folder = folderWith({ 'flow.yaml': complete })
    const { child, end } = started(folder, ['check', 'flow.yaml', '--states', '0', '--runs', '0'])
    setTimeout(() => child.kill('SIGINT'), 5_000)
    const { status, stdout } = await end()
    expect({ status, stdout }).toMatchObject({
      status: 130,
      stdout: expect.stringContaining('until it was told to stop'),
    })
  })
})

describe('check, with what it found', () => {
  it('says so where it cannot keep it', () => {
    const { status, stderr } = check(forgetful, '--pin', 'no/such/folder.json')
    expect({ status, stderr }).toMatchObject({
      status: 2,
      stderr: expect.stringContaining('--pin names a file that can be written'),
    })
  })

  it('shows the effect that nothing undoes, in the shortest run there is', async () => {
    const folder = folderWith({ 'flow.yaml': forgetful })
    const { status, stdout } = sagachart(folder, [
      'check',
      'flow.yaml',
      '--pin',
      'flow.seed.json',
      '--diagram',
      'flow.mmd',
    ])
    expect(status).toBe(1)
    expect(stdout).toContain(
      'nothing-left-behind is broken: the run is undone, and what "charge" did is left',
    )
    expect(stdout).toMatch(/! ship +attempt 1 fails: an injected failure/)
    expect(await mermaid.parse(readFileSync(join(folder, 'flow.mmd'), 'utf8'))).toBeTruthy()

    const replayed = sagachart(folder, ['check', 'flow.yaml', '--replay', 'flow.seed.json'])
    expect(replayed).toMatchObject({ status: 1, stdout: expect.stringContaining('is still broken') })
    writeFileSync(join(folder, 'flow.yaml'), mended)
    const again = sagachart(folder, ['check', 'flow.yaml', '--replay', 'flow.seed.json'])
    expect(again).toMatchObject({ status: 0, stdout: expect.stringContaining('✓ holds now: the run ends') })
    writeFileSync(join(folder, 'flow.yaml'), flow([step('pay', 'ok')]))
    const other = sagachart(folder, ['check', 'flow.yaml', '--replay', 'flow.seed.json'])
    expect(other).toMatchObject({ status: 2, stderr: expect.stringContaining('cannot happen') })
  })
})
