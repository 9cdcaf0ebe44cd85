// Both ways to run a document: as `simulate` does, and as `run` does, on the memory host, in a time that passes when the test
// says so. Operations take the time that stubs draw for them, and end as they say.
import { vi } from 'vitest'
import { createActor } from 'xstate'
import { readOutside } from '../../src/cli/outside.ts'
import { play } from '../../src/cli/play.ts'
import { readStubs } from '../../src/cli/stubs.ts'
import type { IntegrationDefinition, Module, OperationContext } from '../../src/definition/model.ts'
import { memoryHost } from '../../src/hosts/memory.ts'
import type { Reply } from '../../src/hosts/simulation.ts'
import { loadIntegrationText } from '../../src/load.ts'
import type {
  Effect,
  EffectControl,
  Guest,
  Host,
  HostPort,
  RootRequest,
} from '../../src/runtime/port/host.ts'
import { IntegrationLogic, type IntegrationReport } from '../../src/runtime/charts/integration-logic.ts'
import { replies } from '../../src/testing/stubs.ts'
import type { Asked } from './asked.ts'

/** The module of these documents: its operations give what their step's stub does, its handler the verdict. */
function moduleOf({
  outputs,
  verdict,
}: Asked): Readonly<Record<string, (parameters: unknown, context: OperationContext) => unknown>> {
  const op = (_: unknown, { step }: OperationContext) => outputs[step]
  return { op, back: op, undo: () => null, decide: () => verdict }
}

/** The part of a report that is compared. */
export interface Ended {
  readonly status: string
  readonly scenarios: readonly unknown[]
}

/** How both ended, and whether anything came at the very time of something else: then nobody can say what is first. */
export interface Both {
  readonly simulated: Ended
  readonly ran: Ended
  readonly assumed: readonly string[]
  readonly isTied: boolean
}

/** Runs what is asked both ways. Time is the test's own meanwhile. */
export async function both(what: Asked): Promise<Both> {
  const loaded = await loadIntegrationText(JSON.stringify(what.document), { modules: { m: moduleOf(what) } })
  if (!loaded.ok) throw new Error(loaded.diagnostics.map(({ message }) => message).join('\n'))
  const { definition, modules } = loaded
  const stubs = readStubs(definition, what)
  const outside = readOutside(definition, what)
  if (typeof stubs === 'string' || typeof outside === 'string')
    throw new Error(`${String(stubs)} ${String(outside)}`)
  const { report, assumed } = play(definition, { seed: what.seed, stubs, outside })
  const host = new StubbedHost(replies(stubs, what.seed, definition))
  const real = await run(definition, modules, host, outside)
  return {
    simulated: ended(report),
    ran: ended(real),
    assumed,
    isTied: host.isTied(outside.map(({ atMs }) => atMs)),
  }
}

type Outside = Exclude<ReturnType<typeof readOutside>, string>

async function run(
  definition: IntegrationDefinition,
  modules: readonly Module[],
  host: Host,
  outside: Outside,
): Promise<IntegrationReport> {
  vi.useFakeTimers()
  try {
    const actor = createActor(new IntegrationLogic({ definition, modules, host }), {
      input: { runId: '1', inputs: definition.inputs },
    })
    const send = (event: Outside[number]['event']) => {
      if (actor.getSnapshot().status === 'active') actor.send(event)
    }
    for (const { atMs, event } of outside) setTimeout(send, atMs, event)
    actor.start()
    while (actor.getSnapshot().status === 'active') await vi.advanceTimersToNextTimerAsync()
    return actor.getSnapshot().output as unknown as IntegrationReport
  } finally {
    vi.useRealTimers()
  }
}

/** The memory host, where operations take the time that stubs say, and fail as they do. */
class StubbedHost implements Host {
  readonly name = 'stubbed'
  private readonly inner = memoryHost()
  private readonly reply: (effect: Effect) => Reply
  /** Times of replies and timers, in milliseconds. */
  private readonly times: number[] = []

  constructor(reply: (effect: Effect) => Reply) {
    this.reply = reply
  }

  newRunId(): string {
    return this.inner.newRunId()
  }

  idle(): Promise<void> {
    return this.inner.idle()
  }

  open(request: RootRequest, guest: Guest): HostPort {
    return this.inner.open(request, {
      ...guest,
      execute: (effect, control) =>
        effect.kind === 'attempt' ? this.attempt(effect, control, guest) : guest.execute(effect, control),
      deliver: (to, event, timer) => {
        this.times.push(performance.now())
        guest.deliver(to, event, timer)
      },
    })
  }

  isTied(more: readonly number[]): boolean {
    const all = [...this.times, ...more]
    return new Set(all).size < all.length
  }

  private async attempt(effect: Effect, control: EffectControl, guest: Guest): Promise<unknown> {
    const reply = this.reply(effect)
    const aborted = new Promise<never>((_, fail) => {
      control.signal.addEventListener('abort', () => fail(control.signal.reason as Error))
    })
    aborted.catch(() => {})
    if (reply.kind === 'deaf') return new Promise(() => {})
    if (reply.kind === 'hang') return aborted
    await Promise.race([
      aborted,
      new Promise((done) => setTimeout(done, 'afterMs' in reply ? reply.afterMs : 0)),
    ])
    this.times.push(performance.now())
    if (reply.kind === 'settle' && reply.outcome.status === 'failed') throw reply.outcome.error
    return guest.execute(effect, control)
  }
}

/** All that reports of runs say, with times since the start. */
function ended({ status, scenarios, startedAt }: IntegrationReport): Ended {
  const relative = (key: string, value: unknown) =>
    /^(started|finished)At$/.test(key) && value !== null ? Number(value) - startedAt : value
  return { status, scenarios: JSON.parse(JSON.stringify(scenarios, relative)) as unknown[] }
}
