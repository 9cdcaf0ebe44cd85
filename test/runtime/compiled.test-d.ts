// That a chart's effects and what they are bound to are held against each other by the compiler.
import { loopMachine, type LoopEffect } from '../../machines/loop.ts'
import { bound } from '../../src/runtime/charts/compiled.ts'

const nothing = () => {}
const actions = {
  countItems: nothing,
  askCondition: nothing,
  startIterations: nothing,
  cancelIterations: (_: unknown, { force }: { readonly force: boolean }) => void force,
}

bound<LoopEffect>()(loopMachine, actions)

// @ts-expect-error -- an effect that the chart does not name
bound<LoopEffect>()(loopMachine, { ...actions, countItem: nothing })

const { cancelIterations, ...fewer } = actions
// @ts-expect-error -- an effect that nothing is bound to
bound<LoopEffect>()(loopMachine, fewer)

bound<LoopEffect>()(loopMachine, { ...fewer, cancelIterations })

// @ts-expect-error -- parameters that the effect is not given
bound<LoopEffect>()(loopMachine, { ...actions, cancelIterations: (_: unknown, how: { a: 1 }) => void how })
