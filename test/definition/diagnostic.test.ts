// What a diagnostic looks like, and that there are never too many or too long ones.
import { describe, expect, it } from 'vitest'
import {
  formatDiagnostics,
  MESSAGE_LENGTH_MAX,
  nearest,
  PROBLEMS_MAX,
  shown,
} from '../../src/definition/diagnostic.ts'
import { flow, refused, step } from './documents.ts'

describe('diagnostic', () => {
  it('shows place, code, message, frame and remedy', () => {
    const text = `integration:
  modules: [m]
  scenarios:
    - name: s
      steps:
        - {name: a, module: m, operation: ok, timout: 5}
        - {name: b, module: m, operation: ok, depends_on: [c]}
        - {name: c, module: m, operation: ok, depends_on: [b, d]}
`
    expect(formatDiagnostics(refused(text))).toMatchInlineSnapshot(`
      "flow.yaml:6:47: error KEY_UNKNOWN: integration.scenarios[0].steps[0]: unknown key "timout" (step)
        6 |         - {name: a, module: m, operation: ok, timout: 5}
          |                                               ^^^^^^
        → did you mean "timeout"?"
    `)
    expect(formatDiagnostics(refused(text.replace('timout', 'timeout')))).toMatchInlineSnapshot(`
      "flow.yaml:7:60: error DEPENDENCY_CYCLE: scenario "s": steps depend on each other in a cycle: b → c → b
        7 |         - {name: b, module: m, operation: ok, depends_on: [c]}
          |                                                            ^
        → remove one of these dependencies

      flow.yaml:8:63: error DEPENDENCY_UNKNOWN: step "c": it depends on "d", and no step of its scenario has that name
        8 |         - {name: c, module: m, operation: ok, depends_on: [b, d]}
          |                                                               ^
        → expected one of a, b, c"
    `)
  })

  it('windows a long line around the caret', () => {
    const [first] = refused(flow([step('a', { when: 'steps.b.output' }), step('x'.repeat(100))]))
    expect(formatDiagnostics([first!])).toMatchInlineSnapshot(`
      "flow.yaml:1:117: error REFERENCE_UNKNOWN: step "a": the expression reads the step "b", and no step of its scenario has that name
        1 | …{"name":"a","module":"m","operation":"ok","when":"steps.b.output"},{"name":"xxxxxxxxxxxxxxxxxxxxxxxx…
          |                                                    ^^^^^^^^^^^^^^
        → use one of a, xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx…"
    `)
  })

  it('keeps the caret under its sign where the line holds tabs and control signs', () => {
    const [first] = refused('integration:\n  modules: [m]\n  scenarios:\t\t[] # \u202e\n  x: 1\n')
    expect(first!.frame).toBe('4 |   x: 1\n  |   ^')
  })

  it('keeps a bounded number and counts the others', () => {
    const steps = Array.from({ length: 500 }, (_, i) => step(`s${i}`, { timeout: 0 }))
    const diagnostics = refused(flow(steps))
    expect(diagnostics).toHaveLength(PROBLEMS_MAX + 1)
    expect(diagnostics.at(-1)).toMatchObject({
      code: 'PROBLEMS_OMITTED',
      message: '450 more errors not shown',
    })
  })

  it('shortens what a document makes long', () => {
    const long = 'x'.repeat(1_000_000)
    const diagnostics = refused(flow([step('a', { [long]: 1, depends_on: [long] })]))
    for (const { message, frame, remedy } of diagnostics) {
      expect(message.length).toBeLessThanOrEqual(MESSAGE_LENGTH_MAX + 1)
      expect(frame.length + remedy.length).toBeLessThan(2000)
    }
  })

  it('prints no control characters of the document', () => {
    const diagnostics = refused(flow([step('a\u001b[31m'), step('b\u2028\u202e')]))
    // oxlint-disable-next-line no-control-regex -- these are what it is about
    expect(formatDiagnostics(diagnostics)).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e\u2028]/)
    expect(diagnostics).toHaveLength(2)
  })

  it('suggests the nearest name, or none', () => {
    expect(nearest('stepz', ['scenarios', 'steps', 'step_list'])).toBe('steps')
    expect(nearest('tiemout', ['timeout', 'type'])).toBe('timeout')
    expect(nearest('zebra', ['timeout', 'type'])).toBeNull()
    expect(nearest('Timeout', ['timeout'])).toBe('timeout')
  })

  it('shows any value in a short line', () => {
    expect([undefined, null, [], [1], {}, 'a"b', 3, true].map(shown)).toEqual([
      'nothing',
      'null',
      'an empty list',
      'a list of 1',
      'a mapping',
      '"a\\"b"',
      '3',
      'true',
    ])
  })
})
