// What holds for every run, shown with random workflows under random faults on the simulation host.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PoolContext } from '../../machines/resource.ts'
import { rootOf } from '../../src/runtime/charts/seat.ts'
import { CAPACITY, fateOf, indexOf, workflowPlan, type WorkflowPlan } from './arbitraries.ts'
import { difference } from '../model/compare.ts'
import { attemptsOf, play as playPlan, type Played, type Watch } from './player.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300)
/** Other seeds draw other runs: what the model and the engine then differ in becomes a pinned test. */
const seed = Number(process.env['PROPERTY_SEED'] ?? 1)

/** Plays a plan. Where it is played from its beginning, the reference model has to say the same of it. */
function play(plan: WorkflowPlan, watch: Watch = {}): Played {
  const played = playPlan(plan, watch)
  if (!watch.journal) expect(difference(played.agreed, played)).toBeNull()
  return played
}

const holds = (check: (plan: WorkflowPlan) => void, sizeMax = 8, numRuns = RUNS) => {
  fc.assert(fc.property(workflowPlan(sizeMax), check), { numRuns, seed })
}

describe('every run', () => {
  it('ends, and returns every lease', () => {
    holds((plan) => {
      const { report } = play(plan)
      expect(['completed', 'failed', 'cancelled', 'timed_out']).toContain(report.status)
      expect(report.leasesOpen).toBe(0)
      expect(report.steps.every(({ finishedAt }) => finishedAt !== null)).toBe(true)
      const { success, failed, skipped, cancelled } = report.counts
      expect(success + failed + skipped + cancelled).toBe(plan.steps.length)
    })
  })

  it('starts no step before its dependencies allow', () => {
    holds((plan) => {
      const { report, events } = play(plan)
      const final = new Map<number, number>()
      events.forEach(({ type, source }, at) => {
        if (['step_completed', 'step_skipped', 'step_failed'].includes(type)) final.set(indexOf(source), at)
        if (type !== 'step_started') return
        const { dependsOn, runIf } = plan.steps[indexOf(source)]!
        const statuses = dependsOn.map((dependency) => report.steps[dependency]!.status)
        expect(dependsOn.every((dependency) => final.has(dependency))).toBe(true)
        if (runIf === 'all_succeeded' || runIf === 'none_failed') {
          expect(statuses.every((status) => status === 'success' || status === 'skipped')).toBe(true)
        }
        if (runIf === 'any_succeeded' && dependsOn.length > 0) expect(statuses).toContain('success')
        if (runIf === 'ancestors_succeeded')
          for (const step of before(plan, dependsOn)) expect(report.steps[step]!.status).toBe('success')
      })
    })
  })

  it('makes no more attempts than it may, and each only once', () => {
    holds((plan) => {
      const attempts = attemptsOf(play(plan).effects)
      expect(new Set(attempts.map(({ to, attempt }) => `${to}#${attempt}`)).size).toBe(attempts.length)
      plan.steps.forEach(({ retries, fallback }, index) => {
        const made = attempts.filter((effect) => effect.index === index)
        expect(made.length).toBeLessThanOrEqual(1 + retries + (fallback === 'absent' ? 0 : 1))
        expect(made.filter(({ target }) => target === 'fallback').length).toBeLessThanOrEqual(1)
        expect(made.map(({ attempt }) => attempt)).toEqual(made.map((_, at) => at + 1))
      })
    })
  })

  it('keeps its limits: slots, and units of pools', () => {
    holds((plan) => {
      const limit = plan.parallel ? plan.maxConcurrency : 1
      play(plan, {
        each: (root) => {
          const actors = [...(rootOf(root)?.session.actors ?? [])]
          const states = actors.map(([path, actor]) => [
            path,
            (actor.getSnapshot() as { value: unknown }).value,
          ])
          const busy = states.filter(
            ([path, value]) => (path as string).includes('/step/') && IN_ATTEMPT.has(value as string),
          )
          expect(busy.length).toBeLessThanOrEqual(limit)
          for (const [path, actor] of actors) {
            if (!path.includes('/pool/')) continue
            const { free, capacity, holders } = (actor.getSnapshot() as { context: PoolContext }).context
            expect(free).toBeGreaterThanOrEqual(0)
            expect(free + holders.reduce((sum, holder) => sum + holder.units, 0)).toBe(capacity)
            expect(capacity).toBeLessThanOrEqual(CAPACITY)
          }
        },
      })
    })
  })

  it('records each outcome once, and says so on the bus once', () => {
    holds((plan) => {
      const { events, report } = play(plan)
      const of = (type: string) =>
        events.filter((event) => event.type === type).map(({ source }) => indexOf(source))
      for (const type of ['step_started', 'step_completed', 'step_skipped', 'step_failed']) {
        expect(new Set(of(type)).size).toBe(of(type).length)
      }
      report.steps.forEach(({ status }, index) => {
        expect(of('step_completed').includes(index)).toBe(status === 'success')
        expect(of('step_skipped').includes(index)).toBe(status === 'skipped')
        if (status === 'failed') expect(of('step_failed')).toContain(index)
      })
      expect(of('workflow_started').length).toBe(
        of('workflow_completed').length + of('workflow_error').length,
      )
    })
  })

  it('ends as its steps and its faults say', () => {
    holds((plan) => {
      const { report, effects } = play(plan)
      const failed = report.counts.failed > 0
      if (report.status === 'completed') expect(failed).toBe(false)
      if (report.status === 'failed') expect(failed).toBe(true)
      const last = new Map(attemptsOf(effects).map((effect) => [effect.index, effect]))
      for (const [index, effect] of last) {
        const fate = fateOf(plan, effect)
        if (report.steps[index]!.status !== 'success') continue
        const isValue = effect.target === 'fallback' && plan.steps[index]!.fallback === 'value'
        expect(isValue || ['succeeds', 'answers twice', 'is slow'].includes(fate)).toBe(true)
      }
    })
  })

  it('has the same history for the same seed', () => {
    holds((plan) => {
      expect(JSON.stringify(play(plan).journal)).toBe(JSON.stringify(play(plan).journal))
    })
  })
})

describe('a crash at any entry', () => {
  it('replays to the same states, and goes on to an end that repeats no recorded attempt', () => {
    holds(
      (plan) => {
        const { journal, states } = play(plan)
        for (let length = 1; length <= journal.length; length++) {
          const before = states.get(length)
          if (before === undefined) continue
          const prefix = journal.slice(0, length)
          const resumed = play(plan, { journal: prefix })
          expect(resumed.states.get(length)).toBe(before)
          const settled = new Set(
            prefix
              .filter(({ event }) => event.type === 'attempt.succeeded')
              .map(({ to, event }) => `${to}#${(event as unknown as { attempt: number }).attempt}`),
          )
          const again = attemptsOf(resumed.effects).map(({ to, attempt }) => `${to}#${attempt}`)
          expect(again.filter((key) => settled.has(key))).toEqual([])
          expect(resumed.report.leasesOpen).toBe(0)
          const fired = resumed.journal
            .filter(({ event }) => TIMED.test(event.type))
            .map((entry) => JSON.stringify([entry.to, entry.event]))
          expect(new Set(fired).size).toBe(fired.length)
        }
      },
      5,
      Math.ceil(RUNS / 3),
    )
  })
})

/** Steps, and all that come before them. */
function before(plan: WorkflowPlan, steps: readonly number[]): ReadonlySet<number> {
  const found = new Set(steps)
  for (const step of found) for (const further of plan.steps[step]!.dependsOn) found.add(further)
  return found
}

/** Timers of an attempt, each of which fires once at most. */
const TIMED = /^(?:attempt\.timedOut|grace\.ended)$/

/** States in which a step's operation may be executing. */
const IN_ATTEMPT = new Set(['running', 'aborting', 'cancelling'])
