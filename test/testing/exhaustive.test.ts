// That "complete" is complete: whatever a schedule that was drawn by chance comes to, one of the exhaustive mode comes to as well,
// though that one leaves out what is equal to what it has met, and explores steps that are alike as one.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Exhaustive } from '../../src/testing/exhaustive.ts'
import { settingOf } from '../../src/testing/explore.ts'
import { arbitraries, logicOf } from '../../src/testing/index.ts'
import { followScript } from '../../src/testing/random.ts'
import { playSchedule } from '../../src/testing/schedule.ts'
import type { Played } from '../../src/testing/setting.ts'
import { subjectOf } from '../../src/testing/subject.ts'
import { step, workflow } from '../runtime/workflows.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 25)
const DRAWN = 150

/** How a schedule ended: the run, and each kind of end of its steps as often as it occurred, whatever they are called. */
function endOf({ status, history }: Played): string {
  const ends = history.flatMap(({ kind, detail }) =>
    kind === 'step.ended' || kind === 'step.undone' ? `${kind} ${detail}` : [],
  )
  const crashes = history.some(({ kind }) => kind === 'process.crashed')
  // What was recorded before the process died is not told again.
  return crashes ? String(status) : `${status}: ${ends.toSorted().join(', ')}`
}

function explored(definition: Parameters<typeof logicOf>[0], faults: number) {
  const subject = subjectOf(logicOf(definition, false), {}, false, undefined)
  const setting = settingOf({ faults }, subject)
  return { subject, setting }
}

describe('the exhaustive mode', () => {
  it.each([
    ['two steps and two faults', { stepsMax: 2, depthMax: 0 }, 2],
    ['three steps, others inside of them, and one fault', { stepsMax: 3, depthMax: 1 }, 1],
  ])('comes to every end that chance comes to: %s', { timeout: 600_000 }, (_, bounds, faults) => {
    const small = arbitraries.definition(bounds)
    const property = fc.property(small, fc.nat(), (definition, seed) => {
      const { subject, setting } = explored(definition, faults)
      const exhaustive = new Exhaustive(subject, setting, true)
      const ends = new Set<string>()
      while (!exhaustive.isComplete) {
        const played = exhaustive.next()!
        expect(played.broken).toBeNull()
        if (played.isWhole) ends.add(endOf(played))
        fc.pre(exhaustive.size < 20_000)
      }
      for (let drawn = 0; drawn < DRAWN; drawn++) {
        const script = followScript({ names: null, seed: seed + drawn, below: Infinity, rule: null })
        const played = playSchedule(subject, setting, script)
        expect([...ends], played.schedule.join(', ')).toContain(endOf(played))
      }
    })
    fc.assert(property, { numRuns: RUNS, seed: 7 })
  })

  it('leaves out nothing but what is equal: orders of two steps side by side', () => {
    const { subject, setting } = explored(workflow([step('a'), step('b', { priority: 1 })]), 0)
    const exhaustive = new Exhaustive(subject, setting, true)
    const orders = new Set<string>()
    while (!exhaustive.isComplete) orders.add(exhaustive.next()!.schedule.join(' '))
    // The second one ends where it meets what the first one has met: both steps are over, and the module is to clean up.
    expect([...orders].toSorted()).toEqual([
      'succeed module/m init succeed a#1 succeed b#1',
      'succeed module/m init succeed b#1 succeed a#1 succeed module/m cleanup',
    ])
  })
})
