// A run as a value: captured after any entry, written as JSON, and revived, it goes on as it would have. PROPERTY_RUNS workflows,
// drawn by PROPERTY_SEED. That a revived run is in the same situation, and keeps all rules, is also asked of every crash that is
// explored (test/testing/engine.test.ts, test/model/explored.test.ts).
import fc from 'fast-check'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { createActor, type AnyActorRef } from 'xstate'
import type { WorkflowDefinition } from '../../src/definition/model.ts'
import { memoryHost } from '../../src/hosts/memory.ts'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import type { Effect, Host } from '../../src/runtime/port/host.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import { chance } from '../../src/runtime/journal/chance.ts'
import { arbitraries, logicOf } from '../../src/testing/index.ts'
import { throughJson } from './workflows.ts'

const RUNS = Number(process.env['PROPERTY_RUNS'] ?? 150)
const seed = Number(process.env['PROPERTY_SEED'] ?? 1)
const workflows = arbitraries.definition({ depthMax: 2 })

type Fate = 'succeeds' | 'fails' | 'hangs'

/** How an effect goes, whoever performs it and when. */
function fateOf(effect: Effect, fates: number): Fate {
  if (effect.kind !== 'attempt' && effect.kind !== 'decision') return 'succeeds'
  const key = effect.kind === 'attempt' ? `${effect.to}#${effect.attempt}` : `${effect.to}|${effect.step}`
  const drawn = chance(fates, key)
  if (effect.kind === 'decision') return drawn < 0.1 ? 'fails' : 'succeeds'
  return drawn < 0.2 ? 'fails' : drawn < 0.3 ? 'hangs' : 'succeeds'
}

const decision = (effect: Effect): unknown => {
  if (effect.kind !== 'decision') return { of: effect.to }
  return effect.question === 'items'
    ? ['x', 'y']
    : effect.question === 'branch'
      ? 0
      : effect.question === 'when'
}

function replyTo(effect: Effect, fates: number): Reply {
  const fate = fateOf(effect, fates)
  if (fate === 'hangs') return { kind: 'hang' }
  const outcome =
    fate === 'fails'
      ? ({ status: 'failed', error: new Error('no luck') } as const)
      : ({ status: 'succeeded', value: decision(effect) } as const)
  return { kind: 'settle', outcome }
}

interface Sent {
  readonly after: number
  readonly event: object
}

/** Plays on until the end. Sends what is to come after so many entries, those of an earlier life counted. */
function playOn(actor: AnyActorRef, host: SimulationHost, before: number, sent: readonly Sent[]): void {
  const waiting = [...sent]
  host.run(() => {
    const isOver = actor.getSnapshot().status !== 'active'
    if (!isOver && waiting[0] && before + host.journal('r').length >= waiting[0].after)
      actor.send(waiting.shift()!.event as never)
    return isOver
  })
}

const simulated = (fates: number, startAt = 0) =>
  new SimulationHost({ seed: 7, startAt, chooser: () => 0, reply: (effect) => replyTo(effect, fates) })

function started(definition: WorkflowDefinition, hasBus: boolean, host: Host, options: object) {
  const actor = createActor(logicOf(definition, hasBus).withHost(host), options as never)
  actor.subscribe({ error: (error) => expect.unreachable(String(error)) })
  return actor.start()
}

describe('a captured run', () => {
  it('goes on as it would have, after any entry, on the simulation host', () => {
    const kinds = new Set<string>()
    let compared = 0
    const property = fc.property(
      workflows,
      fc.boolean(),
      fc.nat(),
      fc.nat(20),
      fc.option(fc.integer({ min: 2, max: 20 })),
      (definition, hasBus, fates, cut, cancelAfter) => {
        const sent = cancelAfter === null ? [] : [{ after: cancelAfter, event: { type: 'run.cancel' } }]
        const whole = simulated(fates)
        const actor = started(definition, hasBus, whole, { input: { runId: 'r' } })
        let snapshot: unknown = null
        let entries = 0
        let time = 0
        let left: readonly Sent[] = []
        const isWanted = () => whole.journal('r').length > cut
        const waiting = [...sent]
        whole.run(() => {
          const isActive = actor.getSnapshot().status === 'active'
          if (isActive && waiting[0] && whole.journal('r').length >= waiting[0].after)
            actor.send(waiting.shift()!.event as never)
          if (snapshot === null && isActive && isWanted()) {
            snapshot = throughJson(actor.getPersistedSnapshot())
            entries = whole.journal('r').length
            ;({ time } = whole)
            left = [...waiting]
          }
          return !isActive
        })
        if (snapshot === null) return
        if (!isSure(snapshot, fates)) return
        // An attempt that is told to stop before it is made again is not made.
        if (sent[0] && Math.abs(sent[0].after - entries) <= 1) return
        const rest = simulated(fates, time)
        const again = started(definition, hasBus, rest, { snapshot })
        playOn(again, rest, entries - 1, left)
        expect(rest.journal('r').slice(1)).toEqual(whole.journal('r').slice(entries))
        // Some wait for ever, before and after.
        const reports = [again, actor].map((each) => JSON.stringify(each.getSnapshot().output))
        expect(reports[0]).toBe(reports[1])
        compared++
        for (const { event } of rest.journal('r')) kinds.add(event.type)
      },
    )
    fc.assert(property, { numRuns: RUNS, seed })
    expect(compared).toBeGreaterThan(RUNS / 8)
    expect([...kinds]).toEqual(expect.arrayContaining(['attempt.failed', 'backoff.ended', 'run.cancel']))
  })

  describe('on the memory host', () => {
    afterEach(() => {
      vi.useRealTimers()
    })

    it('comes to the same end, wherever it is observed', async () => {
      vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date', 'performance', 'setImmediate'] })
      let compared = 0
      const numRuns = Math.min(RUNS, 1_000)
      const property = fc.asyncProperty(workflows, fc.boolean(), fc.nat(), fc.nat(20), async (...drawn) => {
        const [definition, hasBus, fates, cut] = drawn
        const perform = (host: Host): Host => ({
          name: host.name,
          newRunId: () => 'r',
          idle: () => host.idle(),
          open: (request, guest) =>
            host.open(request, {
              ...guest,
              execute: (effect, control) => executed(effect, fates, control.signal, guest),
            }),
        })
        const whole = await endOf(
          started(definition, hasBus, perform(memoryHost()), { input: { runId: 'r' } }),
        )
        const first = started(definition, hasBus, perform(memoryHost()), { input: { runId: 'r' } })
        let seen = 0
        let snapshot: unknown = null
        first.subscribe((last) => {
          if (last.status === 'active' && seen++ === cut) snapshot = throughJson(first.getPersistedSnapshot())
        })
        await until(() => snapshot !== null || first.getSnapshot().status !== 'active')
        first.stop()
        if (snapshot === null) return
        if (!isSure(snapshot, fates)) return
        const report = await endOf(started(definition, hasBus, perform(memoryHost()), { snapshot }))
        expect(report).toEqual(whole)
        compared++
      })
      await fc.assert(property, { numRuns, seed })
      expect(compared).toBeGreaterThan(numRuns / 10)
    })
  })
})

/** Lets time go on, for as long as anything may come of it. */
async function until(done: () => boolean): Promise<void> {
  for (let turn = 0; !done() && turn < 120; turn++)
    await vi.advanceTimersByTimeAsync(turn < 20 ? 0 : turn < 80 ? 1_000 : 60_000)
}

/** What does not depend on when things happened; `null` for a run that waits for ever. */
async function endOf(actor: AnyActorRef): Promise<unknown> {
  await until(() => actor.getSnapshot().status !== 'active')
  const { output } = actor.getSnapshot() as { readonly output?: RunReport }
  actor.stop()
  if (!output) return null
  const { status, outputs, counts, attempts, undone, possiblyDone, steps } = throughJson(output)
  const ends = steps.map((step) => [step.name, step.status, step.output, step.attempts, step.compensation])
  return { status, outputs, counts, attempts, undone, possiblyDone, ends }
}

/**
 * Whether all that is under way succeeds: what an attempt that is made again has done the first time, nobody knows where it fails,
 * and one that was told to stop is not made again.
 */
function isSure(snapshot: unknown, fates: number): boolean {
  interface Open {
    readonly effect: { readonly of: Effect }
    readonly isAborted: boolean
  }
  const { future } = snapshot as {
    readonly future: { readonly session: { readonly effects: readonly Open[] } }
  }
  return future.session.effects.every(
    ({ effect, isAborted }) => !isAborted && fateOf(effect.of, fates) === 'succeeds',
  )
}

/** What the function behind an effect does. */
function executed(
  effect: Effect,
  fates: number,
  signal: AbortSignal,
  guest: { execute(effect: Effect, control: { signal: AbortSignal }): unknown },
): unknown {
  if (effect.kind !== 'attempt' && effect.kind !== 'decision') return guest.execute(effect, { signal })
  const fate = fateOf(effect, fates)
  if (fate === 'fails') throw new Error('no luck')
  if (fate === 'succeeds') return decision(effect)
  return new Promise((_, fail) => {
    if (signal.aborted) fail(signal.reason as Error)
    signal.addEventListener('abort', () => fail(signal.reason as Error))
  })
}
