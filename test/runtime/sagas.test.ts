// What holds for every run that may be undone: random workflows, nested, under random faults and cancellations.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomChooser } from '../../src/hosts/simulation.ts'
import type { StepRecord } from '../../src/runtime/report/step-records.ts'
import { withoutTries } from '../../src/testing/step-address.ts'
import { difference } from '../model/compare.ts'
import { agreedOf, build, conditionsOf, nodeAt, saga, type Saga } from './sagas.ts'
import { play, type Played } from './workflows.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 300)
/** Other seeds draw other runs: what the model and the engine then differ in becomes a pinned test. */
const seed = Number(process.env['PROPERTY_SEED'] ?? 1)

const playPlan = (plan: Saga, more = {}) =>
  play(build(plan), { ...conditionsOf(plan), chooser: randomChooser(plan.seed), ...more })

/** Plays a plan from its beginning. The reference model has to say the same of it. */
function playAgreed(plan: Saga): Played {
  const played = playPlan(plan)
  expect(difference(agreedOf(plan, build(plan)), played)).toBeNull()
  return played
}

const holds = (check: (plan: Saga, played: Played) => void, numRuns = RUNS) => {
  fc.assert(
    fc.property(saga, (plan) => check(plan, playAgreed(plan))),
    { numRuns, seed },
  )
}

/** Every step of a report with its address, iterations included. */
function* every(steps: readonly StepRecord[], prefix = ''): Generator<[address: string, step: StepRecord]> {
  for (const record of steps) {
    const address = `${prefix}${record.name}`
    yield [address, record]
    for (const { iteration, steps: inner } of record.inside?.runs ?? [])
      yield* every(inner, `${address}${iteration === null ? '' : `[${iteration}]`}/`)
  }
}

const siblingsOf = (plan: Saga, address: string) => {
  const above = address.replace('undo:', '').split('/').slice(0, -1)
  const outer = above.length === 0 ? null : nodeAt(plan, above.join('/'))
  return outer && 'steps' in outer ? outer.steps : plan.steps
}

/** The siblings that a step depends on, directly or through others, by address. */
function dependenciesOf(plan: Saga, address: string): string[] {
  const steps = siblingsOf(plan, address)
  const prefix = address.slice(0, address.lastIndexOf('/') + 1)
  const seen = new Set<number>()
  const open = [...nodeAt(plan, address).dependsOn]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    open.push(...steps[next]!.dependsOn)
  }
  return [...seen].map((index) => `${prefix}s${index}`)
}

/** Whether each step inside counts. */
const asksForAll = ({ kind, number }: { readonly kind: string; readonly number: number }) =>
  kind === 'loop' ? number <= 2 : kind !== 'parallel' || number === 0

describe('every run that may be undone', () => {
  it('ends, with every step final and no lease open, whatever verdict was given', () => {
    holds((_, { report }) => {
      expect([
        'completed',
        'failed',
        'cancelled',
        'timed_out',
        'compensated',
        'compensation_failed',
      ]).toContain(report.status)
      expect(report.leasesOpen).toBe(0)
      for (const [, step] of every(report.steps)) expect(step.finishedAt).not.toBeNull()
    })
  })

  it('leaves no operation running, but those that do not listen', () => {
    holds((plan, { running }) => {
      for (const address of running) {
        const node = nodeAt(plan, address)
        const fates = node.kind === 'call' ? [...node.fates, ...(node.undo?.fates ?? [])] : []
        expect(fates).toContain('is deaf')
      }
    })
  })

  it('makes no attempt twice, and no more than it may', () => {
    holds((plan, { attempts }) => {
      for (const [address, made] of attempts) {
        const { retries, hasFallback } = nodeAt(plan, address)
        const most = 1 + retries + (hasFallback ? 1 : 0) + 1
        expect(Math.max(...made)).toBeLessThanOrEqual(address.startsWith('undo:') ? 2 : most)
        // What is inside of a control step begins anew with each attempt of that.
        const { kind } = nodeAt(plan, address)
        if (kind === 'call' && !address.includes('/')) expect(made).toEqual(made.map((_, at) => at + 1))
      }
    })
  })

  it('ends a control step well only where all that it asks for ended well', () => {
    holds((plan, { report }) => {
      for (const [address, { status, inside }] of every(report.steps)) {
        const node = nodeAt(plan, address)
        if (status !== 'success' || node.hasFallback || !('steps' in node) || !asksForAll(node)) continue
        for (const run of inside!.runs) {
          expect([address, run.status]).toEqual([address, 'completed'])
          for (const inner of run.steps) expect(['success', 'skipped']).toContain(inner.status)
        }
      }
    })
  })

  it('undoes a step after all that depend on it, directly or through others', () => {
    holds((plan, { log, report }) => {
      const statuses = new Map([...every(report.steps)].map(([address, { status }]) => [address, status]))
      const begun = new Map<string, number>()
      const ended = new Map<string, number>()
      log.forEach((line, at) => {
        if (line.startsWith('undo:')) begun.set(line, begun.get(line) ?? at)
        else if (line.startsWith('end undo:')) ended.set(line.slice(4), at)
      })
      const isUndoneOnce = (address: string) => log.filter((line) => line === `end ${address}`).length === 1
      for (const [later, end] of ended) {
        // Each attempt of a control step is undone on its own: the same addresses come again.
        if (!isUndoneOnce(later)) continue
        for (const earlier of dependenciesOf(plan, later)) {
          // What is not part of a result is undone beside what follows, before the whole is.
          if (!/^(?:success|compensat)/.test(statuses.get(earlier.replace('undo:', '')) ?? '')) continue
          const start = begun.get(`undo:${earlier.replace('undo:', '')}`)
          if (start !== undefined) expect([later, earlier, start > end]).toEqual([later, earlier, true])
        }
      }
    })
  })

  it('has undone exactly what succeeded and can be undone, once, where it says that it has', () => {
    holds((plan, { report }) => {
      if (report.compensation !== 'completed') return
      expect(report.undone).toEqual([])
      for (const [address, step] of every(report.steps)) {
        const node = nodeAt(plan, address)
        // A fallback that stood in did nothing that the step's compensation undoes.
        if (node.kind !== 'call' || node.undo === null || step.fallback) continue
        // A run that completed keeps what is part of its result.
        if (report.status !== 'completed') expect([address, step.status]).not.toEqual([address, 'success'])
        if (step.status === 'compensated') expect(step.compensation).toMatchObject({ status: 'compensated' })
      }
    })
  })

  it('undoes nothing where nobody asked for it', () => {
    holds((plan, { report, log }) => {
      const asks = JSON.stringify([plan.steps, plan.answers, plan.strategies]).includes('"compensate"')
      if (plan.onFailure === 'compensate' || asks || JSON.stringify(plan).includes('"scenario"')) return
      expect(report.compensation).toBe('none')
      expect(log.filter((line) => line.startsWith('undo:'))).toEqual([])
    })
  })

  it('says what is left', () => {
    holds((_, { report }) => {
      if (report.compensation === 'failed') expect([...report.undone, ...report.possiblyDone]).not.toEqual([])
      for (const [address, step] of every(report.steps)) {
        if (step.status === 'compensation_failed' && step.inside === null)
          expect(report.undone.map(withoutTries)).toContain(address)
      }
    })
  })

  it('has the same history for the same seed', () => {
    holds(
      (plan, { journal }) => {
        expect(JSON.stringify(playPlan(plan).journal)).toBe(JSON.stringify(journal))
      },
      Math.ceil(RUNS / 3),
    )
  })

  it('replays to the same states after a crash at any entry, and repeats no recorded attempt', () => {
    holds(
      (plan, { journal, states }) => {
        for (let length = 1; length < journal.length; length += 1 + (plan.seed % 3)) {
          const before = states.get(length)
          if (before === undefined) continue
          const prefix = journal.slice(0, length)
          const resumed = playPlan(plan, { journal: prefix, sent: [] })
          expect(resumed.states.get(length)).toBe(before)
          expect(resumed.report.leasesOpen).toBe(0)
        }
      },
      Math.ceil(RUNS / 6),
    )
  })
})
