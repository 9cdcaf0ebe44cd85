// The tool that judges the charts must itself be able to fail.
import { describe, expect, it } from 'vitest'
import { assign, setup } from 'xstate'
import { unreached } from './coverage.ts'

const lamp = setup({
  types: {} as { context: { pressed: number }; events: { type: 'press' } | { type: 'break' } },
  guards: { never: () => false, isWorn: ({ context }) => context.pressed >= 2 },
}).createMachine({
  context: { pressed: 0 },
  initial: 'off',
  states: {
    off: {
      on: {
        press: [
          { guard: 'never', target: 'broken' },
          { target: 'on', actions: assign({ pressed: ({ context }) => context.pressed + 1 }) },
        ],
      },
    },
    on: { always: { guard: 'isWorn', target: 'broken' }, on: { press: 'off', break: 'broken' } },
    broken: { type: 'final' },
  },
})

describe('unreached', () => {
  it('names a branch whose guard never holds', () => {
    const walk = { inputs: [undefined], events: [{ type: 'press' }, { type: 'break' }] }
    expect(unreached(lamp, walk)).toEqual(['off --press--> broken [never]'])
  })

  it('names what the given events cannot reach', () => {
    const walk = { inputs: [undefined], events: [{ type: 'press' }] }
    expect(unreached(lamp, walk)).toEqual(['off --press--> broken [never]', 'on --break--> broken'])
  })

  it('names a state that no transition leads to', () => {
    const island = setup({}).createMachine({
      id: 'map',
      initial: 'land',
      states: { land: { on: { go: '.' } }, sea: { type: 'final' } },
    })
    expect(unreached(island, { inputs: [undefined], events: [{ type: 'go' }] })).toEqual([
      'sea is never entered',
    ])
  })

  it('knows apart the branches that do the same', () => {
    const twice = setup({ guards: { holds: () => true } }).createMachine({
      initial: 'here',
      states: { here: { on: { go: [{ guard: 'holds', target: 'there' }, { target: 'there' }] } }, there: {} },
    })
    expect(unreached(twice, { inputs: [undefined], events: [{ type: 'go' }] })).toEqual([
      'here --go--> there',
    ])
  })

  it('ends with an error where nothing bounds a counter', () => {
    const walk = { inputs: [undefined], events: [{ type: 'tick' }] }
    const clock = setup({ types: {} as { context: { ticks: number } } }).createMachine({
      context: { ticks: 0 },
      on: { tick: { actions: assign({ ticks: ({ context }) => context.ticks + 1 }) } },
    })
    expect(() => unreached(clock, walk)).toThrow('limit exceeded')
    const stopWhen = ({ context }: { readonly context: { readonly ticks: number } }) => context.ticks > 3
    expect(unreached(clock, { ...walk, stopWhen: stopWhen as never })).toEqual([])
  })
})
