// A run that goes on from a captured state and from the entries that its journal has since then: wherever it was captured, it comes
// to the end that the journal tells of. What is under way at the end of a journal is in resuming.test.ts.
import { describe, expect, it } from 'vitest'
import { createActor, type AnyActorRef } from 'xstate'
import { SimulationHost, type Reply } from '../../src/hosts/simulation.ts'
import type { Effect, Entry, Host } from '../../src/runtime/port/host.ts'
import type { RunReport } from '../../src/runtime/report/step-records.ts'
import { setupOn } from '../../src/runtime/setup.ts'
import { throughJson } from './workflows.ts'

type Config = Readonly<Record<string, unknown>>

const called: string[] = []
const note = (_: unknown, { step }: { step: string }) => void called.push(step)
const operations = {
  op: note,
  undo: note,
  fail: () => {
    throw new Error('no luck')
  },
}
const op = { invoke: 'm.op' }

const logicOf = (host: Host, config: Config) =>
  setupOn(host)({ modules: { m: operations } }).createWorkflow({ id: 'w', ...config } as never)

const hostOf = (reply: (effect: Effect) => Reply, journal?: readonly Entry[]) =>
  new SimulationHost({ seed: 7, chooser: () => 0, reply, ...(journal && { journals: { r: journal } }) })

const executed = (): Reply => ({ kind: 'execute' })

function started(host: SimulationHost, config: Config, options: object): AnyActorRef {
  const actor = createActor(logicOf(host, config), options as never)
  actor.subscribe({ error: (error) => expect.unreachable(String(error)) })
  return actor.start()
}

const reportOf = (actor: AnyActorRef) => throughJson(actor.getSnapshot().output as RunReport)

describe('a captured state and the entries that follow it', () => {
  it('agree on the time for retries, however long after an entry the state was captured', () => {
    const backoff = { count: 9, initial: '1s', factor: 1, jitter: 'none', maxElapsed: '100s' }
    const config = { steps: { a: { ...op, retry: backoff } } }
    const busy = Object.assign(new Error('busy'), { retryAfterMs: 30_000 })
    const host = hostOf(({ kind }) =>
      kind === 'attempt'
        ? { kind: 'settle', outcome: { status: 'failed', error: busy }, afterMs: 40_000 }
        : { kind: 'execute' },
    )
    const actor = started(host, config, { input: { runId: 'r' } })
    host.run(() => host.journal('r').length === 2)
    host.time = 35_000
    const snapshot = throughJson(actor.getPersistedSnapshot())
    host.run()
    const journal = host.journal('r')
    expect(journal.map(({ event }) => event.type)).toContain('backoff.ended')
    const again = hostOf(executed, journal.slice(0, -1))
    const revived = started(again, config, { snapshot })
    again.run()
    expect(reportOf(revived)).toEqual(reportOf(actor))
  })

  it('agree on what a step did that was given up on, in a run inside of a step that has ended', () => {
    const late = { ...op, timeout: '1s', onFailure: 'skip', compensate: 'm.undo' }
    const config = {
      onFailure: 'compensate',
      parallel: true,
      steps: {
        side: { parallel: { late } },
        long: { wait: '1m' },
        bad: { invoke: 'm.fail', dependsOn: ['long'] },
      },
    }
    const host = hostOf(({ to }: Effect) =>
      to.endsWith('/step/side/late') ? { kind: 'deaf', afterMs: 45_000 } : { kind: 'execute' },
    )
    const actor = started(host, config, { input: { runId: 'r' } })
    const states: unknown[] = []
    host.run(() => {
      if (actor.getSnapshot().status === 'active') states.push(throughJson(actor.getPersistedSnapshot()))
      return false
    })
    const journal = host.journal('r')
    expect(journal.map(({ event }) => event.type)).toContain('effect.heard')
    for (const snapshot of states) {
      const again = hostOf(executed, journal.slice(0, -1))
      const revived = started(again, config, { snapshot })
      again.run()
      // Replies that nobody waits for are in no journal.
      expect({ ...reportOf(revived), lateReplies: 0 }).toEqual({ ...reportOf(actor), lateReplies: 0 })
    }
  })

  it('are told apart on another host, whose journal begins where the state left off', () => {
    const config = {
      steps: {
        a: op,
        b: { ...op, dependsOn: ['a'] },
        c: { ...op, dependsOn: ['b'] },
        d: { ...op, dependsOn: ['c'] },
        e: { ...op, dependsOn: ['d'] },
      },
    }
    const host = hostOf(executed)
    const actor = started(host, config, { input: { runId: 'r' } })
    host.run(() => host.journal('r').length === 4)
    const snapshot = throughJson(actor.getPersistedSnapshot())
    const other = hostOf(executed)
    called.length = 0
    const moved = started(other, config, { snapshot })
    other.run(() => other.journal('r').length === 3)
    const later = throughJson(moved.getPersistedSnapshot())
    other.run(() => other.journal('r').length === 4)
    expect(called).toEqual(['c', 'd', 'e'])
    for (const state of [snapshot, later]) {
      other.crash()
      const again = started(other, config, { snapshot: state })
      other.run()
      expect(again.getSnapshot().output).toMatchObject({ status: 'completed' })
      other.truncate('r', 4)
    }
    expect(called).toEqual(['c', 'd', 'e'])
    // The journal of a third life does not have what the second one did.
    const third = hostOf(executed)
    started(third, config, { snapshot: later })
    third.run(() => third.journal('r').length === 2)
    third.crash()
    const early = createActor(logicOf(third, config), { snapshot: snapshot as never })
    const errors: unknown[] = []
    early.subscribe({ error: (error) => errors.push(error) })
    early.start()
    expect(errors).toMatchObject([{ code: 'RUN_NOT_RESUMABLE' }])
    expect(String(errors[0])).toContain('a captured state of 6 entries left off, found one of 4')
  })

  it('have what was sent in between once', () => {
    const config = { steps: { one: { waitForEvent: 'go' }, two: { waitForEvent: 'go', dependsOn: ['one'] } } }
    const host = hostOf(executed)
    const go = { type: 'run.signal', event: 'go', data: { n: 1 } }
    const actor = started(host, config, { input: { runId: 'r' } })
    host.run()
    actor.send(go)
    const snapshot = throughJson(actor.getPersistedSnapshot())
    host.run()
    host.crash()
    const again = started(host, config, { snapshot })
    host.run()
    expect(again.getSnapshot().status).toBe('active')
    expect(again.getSnapshot().context).toMatchObject({ runId: 'r' })
    expect(host.journal('r').filter(({ event }) => event.type === 'run.signal')).toHaveLength(1)
    // The same once more is another one.
    host.crash()
    const last = started(host, config, { snapshot })
    last.send(go)
    host.run()
    expect(last.getSnapshot().status).toBe('done')
  })

  it('go on in the virtual time in which the state was captured', () => {
    const late = { ...op, timeout: '30s', onFailure: 'skip' }
    const config = {
      parallel: true,
      steps: { first: { wait: '1h' }, late: { ...late, dependsOn: ['first'] } },
    }
    const slow = ({ kind }: Effect): Reply =>
      kind === 'attempt' ? { kind: 'execute', afterMs: 60_000 } : { kind: 'execute' }
    const host = hostOf(slow)
    const actor = started(host, config, { input: { runId: 'r' } })
    host.run(() => host.journal('r').length === 3)
    const snapshot = throughJson(actor.getPersistedSnapshot())
    host.run()
    const other = hostOf(slow)
    const revived = started(other, config, { snapshot })
    other.run()
    // What an attempt that is made again has done the first time, nobody knows: so failures differ in that.
    const timesOf = (entries: readonly Entry[]) => entries.map(({ at, event }) => [at, event.type])
    expect(timesOf(other.journal('r').slice(1))).toEqual(timesOf(host.journal('r').slice(3)))
    expect(reportOf(revived).steps).toMatchObject([{ status: 'success' }, { status: 'skipped' }])
  })
})
