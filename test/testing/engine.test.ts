// The engine itself, explored: random workflows and random schedules. PROPERTY_RUNS workflows, each with as many schedules.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { arbitraries, explore, FAULT_KINDS, logicOf, simulate, fault, tell } from '../../src/testing/index.ts'
import { conditional, decided, retries, saga, step, workflow } from '../runtime/workflows.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 60)

const workflows = arbitraries.definition({ depthMax: 2 })

describe('the engine', () => {
  it('holds for random workflows', { timeout: 24 * 3_600_000 }, async () => {
    const property = fc.asyncProperty(workflows, fc.boolean(), fc.nat(), async (each, hasBus, seed) => {
      const options = { statesMax: 0, runs: 40, seed, faults: 3, kinds: FAULT_KINDS }
      const answer = await explore(logicOf(each, hasBus), options)
      expect(answer.outcome, tell(answer).join('\n')).toBe('holds')
    })
    await fc.assert(property, { numRuns: RUNS, seed: Number(process.env['PROPERTY_SEED'] ?? 1) })
  })
})

describe('bugs that exploration found in the engine', () => {
  const unknown = decided(() => {
    throw new Error('nobody knows')
  })

  it('takes no answer about a step that is over for the answer about a later one', () => {
    const inner = step('inner', { when: unknown, timeoutMs: 5_000 })
    const definition = workflow([
      conditional('outer', [[() => true, [inner]]], null, {}, { timeoutMs: 5_000, retry: retries(1) }),
    ])
    const simulated = simulate(logicOf(definition, false), {
      faults: [fault.hangs('outer'), fault.crashes()],
    })
    expect(simulated.broken).toBeNull()
  })

  it('takes no second reply for the reply to the same attempt of a later run inside', () => {
    const definition = workflow([
      conditional(
        'outer',
        [[() => true, [saga('first'), step('second', { dependsOn: ['first'] })]]],
        null,
        {},
        { retry: retries(1) },
      ),
    ])
    const { broken, status, schedule } = simulate(logicOf(definition, false), {
      faults: [fault.answersTwice('outer/first'), fault.fails('outer/second')],
    })
    expect(schedule).toContain('succeedTwice outer/first#1')
    expect({ broken, status }).toEqual({ broken: null, status: 'completed' })
  })
})
