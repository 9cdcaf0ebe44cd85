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
})
