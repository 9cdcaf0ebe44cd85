// The reference model and the engine, compared: random workflows under random faults. PROPERTY_RUNS workflows and schedules of each
// kind, drawn by PROPERTY_SEED: `PROPERTY_RUNS=100000 npx vitest run test/model/model.test.ts`.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomChooser } from '../../src/hosts/simulation.ts'
import { workflowPlan } from '../runtime/arbitraries.ts'
import { play as playFlat } from '../runtime/player.ts'
import { agreedOf, build, conditionsOf, saga } from '../runtime/sagas.ts'
import { play } from '../runtime/workflows.ts'
import { difference } from './compare.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)
const seed = Number(process.env['PROPERTY_SEED'] ?? 1)

describe('the reference model', { timeout: 24 * 3_600_000 }, () => {
  it('agrees about nested workflows that may be undone', () => {
    const property = fc.property(saga, (plan) => {
      const definition = build(plan)
      const chooser = randomChooser(plan.seed)
      const played = play(definition, { ...conditionsOf(plan), chooser, keepsStates: false })
      expect(difference(agreedOf(plan, definition), played)).toBeNull()
    })
    fc.assert(property, { numRuns, seed })
  })

  it('agrees about flat workflows with limits, pools and priorities', () => {
    const property = fc.property(workflowPlan(), (plan) => {
      const played = playFlat(plan)
      expect(difference(played.agreed, played)).toBeNull()
    })
    fc.assert(property, { numRuns: Math.ceil(numRuns / 10), seed })
  })
})
