// That a chart's effects and what they are bound to are held against each other by the compiler.
import { loopMachine, type LoopEffect } from '../../machines/loop.ts'
import type { Loop } from '../../src/runtime/control/loop.ts'
import { bound } from '../../src/runtime/charts/compiled.ts'

const nothing = () => {}
const actions = {
  countItems: nothing,
  askCondition: nothing,
  startIterations: nothing,
  cancelIterations: (_: unknown, { force }: { readonly force: boolean }) => void force,
}

bound<LoopEffect, Loop>()(loopMachine, actions)

// @ts-expect-error -- an effect that the chart does not name
bound<LoopEffect, Loop>()(loopMachine, { ...actions, countItem: nothing })

const { cancelIterations, ...fewer } = actions
// @ts-expect-error -- an effect that nothing is bound to
bound<LoopEffect, Loop>()(loopMachine, fewer)

bound<LoopEffect, Loop>()(loopMachine, { ...fewer, cancelIterations })

const spoilt = { ...actions, cancelIterations: (_: unknown, how: { readonly a: 1 }) => void how }
// @ts-expect-error -- parameters that the effect is not given
bound<LoopEffect, Loop>()(loopMachine, spoilt)
