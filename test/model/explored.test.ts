// The reference model and the engine, compared on the explorer's schedules: whatever may happen, in any order. PROPERTY_RUNS
// workflows with a schedule each, drawn by PROPERTY_SEED.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RunLogic } from '../../src/runtime/charts/run-logic.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import { arbitraries, logicOf } from '../../src/testing/arbitraries.ts'
import type { Rule } from '../../src/testing/checkers/checker.ts'
import { FAULT_KINDS } from '../../src/testing/choice.ts'
import { followScript } from '../../src/testing/random.ts'
import { playSchedule } from '../../src/testing/schedule.ts'
import type { Played } from '../../src/testing/setting.ts'
import { subjectOf } from '../../src/testing/subject.ts'
import type { Performed } from '../runtime/workflows.ts'
import { difference, type Agreed } from './compare.ts'

const numRuns = Number(process.env['PROPERTY_RUNS'] ?? 300)
const seed = Number(process.env['PROPERTY_SEED'] ?? 1)

/** Not those that the model knows nothing of. */
const KINDS = new Set(FAULT_KINDS.filter((kind) => kind !== 'exhaust' && kind !== 'lostTail'))

const agreedOf = ({ blueprint: { plan, parts } }: RunLogic): Agreed => {
  const { modules, pools, leaseTimeoutMs } = parts
  const setting = { runId: 'explored', inputs: {}, modules, pools, leaseTimeoutMs, handlers: [] }
  return { definition: plan.workflow, setting }
}

/** Holds a schedule against the model, once it has ended. What a life that is resumed does once more is nothing new. */
function agreement(agreed: Agreed): Rule {
  const performed: Performed[] = []
  const before = new Set<string>()
  return {
    name: 'agrees-with-the-model',
    description: 'What a run does is what the reference model says.',
    watch(view, fail) {
      for (const { effect } of performed) before.add(JSON.stringify(effect))
      return {
        performed(effect) {
          if (!before.has(JSON.stringify(effect)))
            performed.push({ entries: view.world.journal.length, effect })
        },
        resumed: () => before.clear(),
        ended() {
          const report = view.root.self.getSnapshot().output as RunReport
          const found = difference(agreed, { journal: view.world.journal, performed, report })
          if (found !== null) fail(found)
        },
      }
    },
  }
}

function explore(workflow: RunLogic, chance: number, faultsMax: number): Played {
  const setting = { kinds: KINDS, faultsMax, seed: 1, outputOf: () => undefined, isReal: false }
  const watched = { rules: [agreement(agreedOf(workflow))], invariants: [], inspect: null, eventsMax: 10_000 }
  const script = { names: null, seed: chance, below: Infinity, rule: null }
  const subject = subjectOf(workflow, {}, false, undefined)
  return playSchedule(subject, { ...setting, ...watched }, followScript(script))
}

describe('the reference model', { timeout: 24 * 3_600_000 }, () => {
  it('agrees about the schedules of an exploration', () => {
    const survived = new Set<string>()
    const definition = arbitraries.definition({ depthMax: 2 })
    const property = fc.property(definition, fc.nat(), fc.nat({ max: 4 }), (each, chance, faultsMax) => {
      const { broken, faults } = explore(logicOf(each, false), chance, faultsMax)
      expect(broken).toBeNull()
      for (const kind of faults) survived.add(kind)
    })
    fc.assert(property, { numRuns, seed })
    expect(survived).toContain('crash')
  })
})
