// Values have the form that their types say, wherever they arrive: see definition/json-form.test-d.ts.
import { expect, it } from 'vitest'
import { run, setup, stepOf } from '../../src/index.ts'

class Price {
  cents = 5
  add(): Price {
    return this
  }
  toJSON(): { cents: number; of: Date } {
    return { cents: this.cents, of: new Date(0) }
  }
}
class Account {
  balance = 2
  #secret = 'x'
  known = (): string => this.#secret
}
const NAMELESS = Symbol('nameless')

const seen: unknown[] = []
const m = {
  give: () => ({
    at: new Date(0),
    price: new Price(),
    list: ['a', undefined],
    tuple: [new Date(0), 1] as [Date, number],
    [NAMELESS]: 1,
    gone: undefined,
    deep: { at: new URL('https://a.b/c') },
  }),
  nothing: () => {},
  take: (parameters: object) => void seen.push(parameters),
  account: () => new Account() as object,
}
const at = setup({ modules: { m } })

it('what an operation gives is kept as JSON, frozen, and seen so by functions and by those who read the report', async () => {
  const workflow = at.createWorkflow({
    id: 'w',
    steps: {
      give: { invoke: 'm.give' },
      nothing: { invoke: 'm.nothing' },
      literal: {
        forEach: [{ at: new Date(0) }],
        steps: { a: { invoke: 'm.take', parameters: ({ item }) => ({ item }) } },
      },
      computed: {
        forEach: () => [{ at: new Date(0) }],
        steps: { a: { invoke: 'm.take', parameters: ({ item }) => ({ item }) } },
      },
      take: {
        invoke: 'm.take',
        dependsOn: ['give', 'nothing'],
        parameters: ({ steps: { give, nothing } }) => {
          seen.push([give.output, Object.isFrozen(give.output), Object.isFrozen(give.output.list)])
          return { nothing: nothing.output }
        },
      },
    },
    outputs: { at: () => new Date(0), give: ({ steps }) => steps.give.output },
  })
  const report = await run(workflow)
  const text = '1970-01-01T00:00:00.000Z'
  const given = {
    at: text,
    price: { cents: 5, of: text },
    list: ['a', null],
    tuple: [text, 1],
    deep: { at: 'https://a.b/c' },
  }
  expect(seen).toEqual([
    { item: { at: text } },
    { item: { at: text } },
    [given, true, true],
    { nothing: null },
  ])
  expect(Object.keys(given)).toEqual(Object.keys(stepOf(report, 'give').output!))
  expect(report.outputs).toEqual({ at: text, give: given })
  expect(Object.isFrozen(report.outputs)).toBe(true)
})

it('what has no JSON form is refused when it is given, too', async () => {
  const step = (invoke: 'm.account') => at.createWorkflow({ id: 'w', steps: { a: { invoke } } })
  expect(await run(step('m.account'))).toMatchObject({
    status: 'failed',
    error: { code: 'OUTPUT_NOT_SERIALISABLE', message: expect.stringContaining('Output.known') as string },
  })
})
