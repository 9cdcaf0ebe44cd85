// Workflows that are written in TypeScript, run: what a step gives is what its type says, whatever its kind.
// oxlint-disable unicorn/no-thenable -- `then` is the document's own word; a step is never awaited
import { describe, expect, it } from 'vitest'
import { run, setup, stepOf } from '../../src/index.ts'

const seen: string[] = []

const city = {
  list: () => ['Oslo', 'Bergen'],
  length: ({ name }: { name: string }) => name.length,
  failing: ({ name }: { name: string }): string => {
    if (name === 'Bergen') throw new Error('rain')
    return name.toLowerCase()
  },
  approve: (_: { answer: string }, { emit }: { emit: (type: string, data?: unknown) => void }) => {
    emit('approved', 'no')
    emit('approved', _.answer)
  },
  breaks: (): number => {
    throw new Error('no luck')
  },
  undo: (given: { input: unknown; output: unknown }) => void seen.push(JSON.stringify(given)),
  note: ({ text }: { text: string }) => void seen.push(text),
}

const at = setup({ modules: { city } })

describe('a workflow that is written as a literal', () => {
  it('gives what its types say', async () => {
    const longest = at.createWorkflow({
      id: 'longest',
      inputs: { name: { type: 'string' }, least: { type: 'integer', default: 5 } },
      steps: { length: { invoke: 'city.length', parameters: ({ inputs }) => ({ name: inputs.name }) } },
      outputs: { length: ({ steps, inputs }) => Math.max(steps.length.output, inputs.least) },
    })
    const workflow = at.createWorkflow({
      id: 'literal',
      inputs: { name: { type: 'string' } },
      steps: {
        list: { invoke: 'city.list' },
        both: {
          dependsOn: ['list'],
          parallel: {
            first: {
              invoke: 'city.length',
              parameters: ({ steps }) => ({ name: steps.list.output[0] ?? '' }),
            },
            second: {
              invoke: 'city.length',
              dependsOn: ['first'],
              parameters: ({ steps }) => ({ name: 'x'.repeat(steps.first.output) }),
            },
          },
        },
        some: {
          parallel: { good: { invoke: 'city.list' }, bad: { invoke: 'city.breaks' } },
          waitFor: 1,
        },
        branch: {
          dependsOn: ['both'],
          condition: ({ steps }) => steps.both.output.first > 10,
          then: { long: { invoke: 'city.list' } },
          else: { short: { invoke: 'city.length', parameters: { name: 'abc' } } },
        },
        none: { cases: [{ when: () => false, steps: { never: { invoke: 'city.list' } } }] },
        each: {
          forEach: ['Oslo', 'Bergen', 'Voss'],
          steps: {
            lower: { invoke: 'city.failing', parameters: ({ item }) => ({ name: item }) },
            length: {
              invoke: 'city.length',
              dependsOn: ['lower'],
              parameters: ({ index, steps }) => ({ name: steps.lower.output + index }),
            },
          },
          tolerate: '50%',
        },
        loop: {
          until: ({ index }) => index === 1,
          steps: { list: { invoke: 'city.list' } },
          output: ({ steps, index }) => `${index}: ${steps.list.output[0]}`,
        },
        pause: { wait: '1ms' },
        call: { scenario: longest, inputs: ({ inputs }) => ({ name: inputs.name + inputs.name }) },
        same: { scenario: longest },
      },
      outputs: {
        all: ({ steps }) => [
          steps.both.output.second,
          steps.some.output.good?.length ?? null,
          steps.some.output.bad,
          steps.branch.output.short ?? null,
          steps.branch.output.long ?? null,
          steps.none.output.never ?? null,
          steps.each.output.map((one) => one?.length ?? null),
          steps.loop.output,
          steps.pause.output,
          steps.call.output.length,
          steps.same.output.length,
        ],
      },
    })
    const report = await run(workflow, { inputs: { name: 'Vossevangen' } })
    expect(report.error).toBeNull()
    const each = [5, null, 5]
    expect(report.outputs?.all).toEqual([
      4,
      2,
      null,
      3,
      null,
      null,
      each,
      ['0: Oslo', '1: Oslo'],
      null,
      22,
      11,
    ])
  })

  it('waits for an event', async () => {
    const workflow = at.createWorkflow({
      id: 'waiting',
      parallel: true,
      steps: {
        approve: { invoke: 'city.approve', parameters: { answer: 'yes' } },
        approved: {
          waitForEvent: 'approved',
          filter: ({ event }) => event.data === 'yes',
          timeout: '5s',
          output: ({ event }) => [event.type, event.data],
        },
        never: { waitForEvent: 'rejected', timeout: '10ms', onTimeout: 'continue' },
      },
    })
    const report = await run(workflow)
    expect(stepOf(report, 'approved').output).toEqual(['approved', 'yes'])
    expect(stepOf(report, 'never')).toMatchObject({ status: 'success', output: null })
  })

  it('undoes what its types say', async () => {
    const workflow = at.createWorkflow({
      id: 'undone',
      onFailure: 'compensate',
      steps: {
        list: { invoke: 'city.list', compensate: 'city.undo' },
        length: {
          invoke: 'city.length',
          dependsOn: ['list'],
          parameters: { name: 'abc' },
          compensate: {
            invoke: 'city.note',
            parameters: ({ input, output, steps }) => ({
              text: `${input.name} ${output} ${steps.length.status} ${steps.list.output.length}`,
            }),
          },
        },
        breaks: {
          invoke: 'city.breaks',
          dependsOn: ['length'],
          compensate: {
            invoke: 'city.note',
            on: 'attempt',
            parameters: ({ output }) => ({ text: `${output}` }),
          },
        },
      },
    })
    seen.length = 0
    const report = await run(workflow)
    expect(report.status).toBe('compensated')
    expect(seen).toEqual(['null', 'abc 3 success 2', '{"input":{},"output":["Oslo","Bergen"]}'])
  })
})

describe('a workflow whose list of steps grows', () => {
  it('gives what its types say', async () => {
    const workflow = at.createWorkflow({
      id: 'growing',
      steps: (list) =>
        list
          .steps({ list: { invoke: 'city.list' } })
          .step('each', {
            dependsOn: ['list'],
            forEach: ({ steps }) => steps.list.output,
            steps: (each) =>
              each
                .steps({ length: { invoke: 'city.length', parameters: ({ item }) => ({ name: item }) } })
                .step('letters', {
                  forEach: ({ item }) => [...item].slice(0, 2),
                  steps: (letter) =>
                    letter.steps({
                      lower: { invoke: 'city.failing', parameters: ({ item }) => ({ name: item }) },
                    }),
                  output: ({ steps, index }) => steps.lower.output + index,
                }),
            output: ({ item, steps }) => ({
              item,
              length: steps.length.output,
              letters: steps.letters.output,
            }),
          })
          .step('branch', {
            dependsOn: ['each'],
            condition: ({ steps }) => steps.each.output.length > 1,
            then: (many) =>
              many.steps({
                sum: {
                  invoke: 'city.length',
                  parameters: ({ steps }) => ({ name: steps.each.output.map(({ item }) => item).join() }),
                },
              }),
            output: ({ steps }) => steps.sum.output ?? 0,
          }),
      outputs: { each: ({ steps }) => steps.each.output, sum: ({ steps }) => steps.branch.output + 1 },
    })
    const report = await run(workflow)
    expect(report.error).toBeNull()
    expect(report.outputs).toEqual({
      each: [
        { item: 'Oslo', length: 4, letters: ['o0', 's1'] },
        { item: 'Bergen', length: 6, letters: ['b0', 'e1'] },
      ],
      sum: 12,
    })
  })
})

describe('a message about what a function gave', () => {
  /** Something whose type does not say what it is. */
  const given = <T>(value: unknown) => JSON.parse(JSON.stringify(value)) as T
  const inner = at.createWorkflow({ id: 'inner', steps: { list: { invoke: 'city.list' } } })
  const cases = [{ password: 'hunter2' }, 'hunter2', ['hunter2']].map(
    (value) => [typeof value, value] as const,
  )

  it.each(cases)('does not repeat it (%s)', async (_, value) => {
    const workflow = at.createWorkflow({
      id: 'w',
      parallel: true,
      steps: {
        when: { invoke: 'city.list', when: () => given<boolean>(value) },
        branch: { condition: () => given<boolean>(value), then: { list: { invoke: 'city.list' } } },
        until: { until: () => given<boolean>(value), steps: { list: { invoke: 'city.list' } } },
        each: { forEach: () => given<string[]>({ 0: value }), steps: { list: { invoke: 'city.list' } } },
        text: { forEach: () => given<string[]>('hunter2'), steps: { list: { invoke: 'city.list' } } },
        call: { scenario: inner, inputs: () => given<object>('hunter2') },
      },
    })
    const report = await run(workflow)
    expect(JSON.stringify(report)).not.toContain('hunter2')
    expect(stepOf(report, 'text').error?.message).toContain('are a list, found text of 7 characters')
  })
})
