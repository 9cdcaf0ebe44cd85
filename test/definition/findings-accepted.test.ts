// What a definition says of its own findings: that they are meant, and why. In documents and in the builder.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defineWorkflow, type AnyWorkflowConfig } from '../../src/definition/builder.ts'
import { FINDING_CODES, placeFindings, staticFindings } from '../../src/definition/findings.ts'
import { documentSchema } from '../../src/definition/json-schema.ts'
import { setup } from '../../src/index.ts'
import { findingsOf } from '../../src/testing/index.ts'
import { accepted, flow, refused, step } from './documents.ts'

const said = (text: string): string[] =>
  staticFindings(accepted(text).definition).map(
    ({ code, where: { step: address, key } }) => `${code} ${address ?? '-'} ${key.join('.')}`,
  )
const accepts = (...codes: string[]) => ({
  accept: Object.fromEntries(codes.map((code) => [code, 'it is meant'])),
})
const never = (name: string, more: object = {}) => step(name, { when: false, ...more })
const parallel = (name: string, steps: object[], more: object = {}) => ({
  name,
  type: 'parallel',
  steps,
  ...more,
})

describe('what is accepted', () => {
  it.each<[string, string]>([
    ['on the step', flow([never('a', accepts('UNREACHABLE_STEP'))])],
    ['on a step around it', flow([parallel('p', [never('a'), never('b')], accepts('UNREACHABLE_STEP'))])],
    ['on the scenario', flow([never('a')], accepts('UNREACHABLE_STEP'))],
    ['on the integration', flow([never('a')], {}, accepts('UNREACHABLE_STEP'))],
    [
      'of the whole scenario',
      flow([step('a'), step('b')], { on_failure: 'compensate', ...accepts('UNDONE_EFFECT') }),
    ],
    [
      'of the whole integration',
      flow([step('a')], {}, accepts('UNREACHABLE_VERDICT'), {
        error_handling: { recovery_strategies: ['skip', 'retry'] },
      }),
    ],
  ])('is not found: %s', (_, text) => {
    expect(said(text)).toEqual([])
  })

  it('covers its own code alone', () => {
    const a = never('a', { on_failure: ['skip', 'fail'] })
    expect(said(flow([{ ...a, ...accepts('UNDONE_EFFECT') }]))).toEqual([
      'UNREACHABLE_STEP a when',
      'STALE_ACCEPTANCE a accept.UNDONE_EFFECT',
    ])
  })

  it.each<[string, string, string]>([
    ['a step', flow([step('a', accepts('UNREACHABLE_STEP'))]), 'a accept'],
    ['a step inside', flow([parallel('p', [step('a', accepts('UNREACHABLE_STEP'))])]), 'p/a accept'],
    ['a scenario', flow([step('a')], accepts('UNREACHABLE_STEP')), '- accept'],
    ['an integration', flow([step('a')], {}, accepts('UNREACHABLE_STEP')), '- integration.accept'],
    [
      'what is accepted further in',
      flow([never('a', accepts('UNREACHABLE_STEP'))], accepts('UNREACHABLE_STEP')),
      '- accept',
    ],
  ])('is found where it is there no more: %s', (_, text, place) => {
    expect(said(text)).toEqual([`STALE_ACCEPTANCE ${place}.UNREACHABLE_STEP`])
    const { document, definition } = accepted(text)
    const [one] = placeFindings(document, staticFindings(definition))
    expect(text.slice(one!.column - 1)).toMatch(/^"UNREACHABLE_STEP"/)
  })

  it('takes away what it names, and nothing else: always', () => {
    const mistakes: Record<string, object> = {
      UNREACHABLE_STEP: never('a'),
      UNREACHABLE_VERDICT: step('b', { on_failure: ['skip', 'fail'] }),
      UNDONE_EFFECT: step('c'),
      ENDLESS_PATH: { name: 'd', type: 'wait', for: '1h' },
    }
    const last = step('z', { compensate: { operation: 'undo' } })
    fc.assert(
      fc.property(fc.subarray([...FINDING_CODES]), fc.subarray([...FINDING_CODES]), (made, meant) => {
        const steps = [...made.map((code) => mistakes[code]!), last]
        const codes = (more: object) =>
          staticFindings(accepted(flow(steps, { on_failure: 'compensate', ...more })).definition).map(
            ({ code }) => code,
          )
        const plain = new Set(codes({}))
        const left = new Set(codes(meant.length === 0 ? {} : accepts(...meant)))
        for (const code of FINDING_CODES)
          expect(left.has(code)).toBe(plain.has(code) && !meant.includes(code))
        expect(left.has('STALE_ACCEPTANCE')).toBe(meant.some((code) => !plain.has(code)))
      }),
    )
  })
})

describe('an acceptance in a document', () => {
  it('is refused of a finding that there is none of, with what may be meant', () => {
    const [one] = refused(flow([step('a', { accept: { UNDONE_EFECT: 'reads only' } })]))
    expect(one).toMatchObject({ code: 'KEY_UNKNOWN', remedy: 'did you mean "UNDONE_EFFECT"?' })
    expect(refused(flow([step('a')], accepts('STALE_ACCEPTANCE')))[0]).toMatchObject({ code: 'KEY_UNKNOWN' })
  })

  it.each([
    ['', '"'],
    [' ', '"'],
    [true, 'true'],
    [null, 'null'],
  ])('is refused without a reason: %j', (reason, start) => {
    const text = flow([step('a', { accept: { UNDONE_EFFECT: reason } })])
    const [one] = refused(text)
    expect(one!.code).toBe('VALUE_INVALID')
    expect(one!.message).toContain('expected the reason, as text that is not empty, found')
    expect(text.slice(one!.column - 1).startsWith(start)).toBe(true)
  })

  it('is known to editors', () => {
    const codes = JSON.stringify(documentSchema())
    for (const code of FINDING_CODES) expect(codes).toContain(`"${code}"`)
  })
})

describe('an acceptance in the builder', () => {
  const define = (more: object, workflow: object = {}) =>
    defineWorkflow({
      id: 'w',
      steps: { a: { invoke: 'm.ok', onFailure: ['skip', 'fail'], ...more } },
      ...workflow,
    } as AnyWorkflowConfig)

  it('covers what is found', () => {
    expect(staticFindings(define({})).map(({ code, message }) => [code, message])).toEqual([
      [
        'UNREACHABLE_VERDICT',
        expect.stringMatching(/^step "a": its verdict fail is never reached: expected /),
      ],
    ])
    expect(staticFindings(define(accepts('UNREACHABLE_VERDICT')))).toEqual([])
    expect(staticFindings(define({}, accepts('UNREACHABLE_VERDICT')))).toEqual([])
  })

  it.each<[string, object, object, RegExp]>([
    [
      'an unknown code',
      accepts('UNDONE_EFECT'),
      {},
      /step "a", accept: unknown finding "UNDONE_EFECT"; did you mean "UNDONE_EFFECT"\?/,
    ],
    [
      'no reason',
      { accept: { UNDONE_EFFECT: ' ' } },
      {},
      /step "a", accept: UNDONE_EFFECT: expected the reason/,
    ],
    ['no object', { accept: 'UNDONE_EFFECT' }, {}, /accept: expected an object/],
    [
      'the same of a workflow',
      {},
      { accept: { NOTHING: 'x' } },
      /accept: unknown finding "NOTHING"; there are UNREACHABLE_STEP/,
    ],
  ])('is refused: %s', (_, more, workflow, message) => {
    expect(() => define(more, workflow)).toThrow(message)
  })
})

describe('a workflow of the builder', () => {
  const at = setup({ modules: { m: { ok: () => 1 } } })

  it('says what is wrong with it', () => {
    const workflow = at.createWorkflow({
      id: 'w',
      timeout: '1m',
      steps: {
        nap: { wait: '2m' },
        a: { invoke: 'm.ok', onFailure: ['skip', 'fail'], accept: { UNREACHABLE_VERDICT: 'for a test' } },
      },
    })
    expect(findingsOf(workflow).map(({ code, where }) => [code, where.step])).toEqual([
      ['ENDLESS_PATH', 'nap'],
    ])
  })

  it('accepts what can be found, and the compiler knows what that is', () => {
    const refused = () =>
      at.createWorkflow({
        id: 'w',
        // @ts-expect-error -- there is no such finding
        steps: { a: { invoke: 'm.ok', accept: { UNDONE_EFECT: 'reads only' } } },
      })
    expect(refused).toThrow('did you mean "UNDONE_EFFECT"?')
  })
})
