// The scenarios of one integration: started in declared order, as many at once as are allowed, reported in
// declared order. It does what the integration's chart names.
import { createActor, type ActorRef } from '../charts/actors.ts'
import type { IntegrationContext, IntegrationEvent } from '../../../machines/integration.ts'
import type { RunCommand } from '../../../machines/protocol.ts'
import { messageOf } from '../../foreign.ts'
import type { RunningTimer } from '../port/timers.ts'
import type { Root } from '../charts/root.ts'
import type { Session } from '../journal/session.ts'
import type { RunLogic } from '../charts/run-logic.ts'
import { hasEndedSo, type ChildEnd } from '../charts/settlement.ts'
import type { RunReport } from '../report/step-records.ts'
import { tell } from '../charts/tell.ts'
import { seatOf, type EarlierRun } from '../charts/seat.ts'
import { raw } from '../../kernel/plain.ts'
import { captureRun } from '../state/capture.ts'
import { chartOf, type Capturing, type Reviving } from '../state/notes.ts'
import type { ProgramAt, ProgramRecord } from '../state/root-at.ts'
import type { Run } from './run.ts'

/** A scenario's error as that of its integration, where steps are named by their scenario, too. */
const failureOf = ({ error, workflow }: RunReport) =>
  error?.step === undefined ? error : { ...error, step: `${workflow}/${error.step}` }

/** The scenarios of one integration. */
export class Program {
  readonly runId: string
  readonly session: Session
  readonly startedAt: number
  /** By scenario, in declared order; `null` for one that never ended. */
  readonly reports: (RunReport | null)[]
  readonly root: Root
  private readonly workflows: readonly RunLogic[]
  private readonly concurrentMax: number
  private readonly inputs: Readonly<Record<string, unknown>>
  /** Running scenarios' actors, by their address. */
  private readonly live = new Map<string, { readonly actor: ActorRef; readonly scenario: number }>()
  private next = 0
  private timer: RunningTimer | null = null

  constructor(
    root: Root,
    workflows: readonly RunLogic[],
    options: { runId: string; concurrentMax: number; inputs: Readonly<Record<string, unknown>> },
    earlier: ProgramRecord | null = null,
  ) {
    this.root = root
    this.session = root.session
    this.workflows = workflows
    this.runId = options.runId
    this.concurrentMax = options.concurrentMax
    this.inputs = options.inputs
    this.startedAt = earlier?.startedAt ?? root.session.time
    this.reports = workflows.map((_, scenario) => (earlier?.reports[scenario] ?? null) as RunReport | null)
  }

  capture(notes: Capturing): {
    readonly at: { readonly program: ProgramAt }
    readonly record: ProgramRecord
  } {
    const { root, next, timer, live, startedAt, reports } = this
    const under = Array.from(live.values(), ({ actor, scenario }) => ({
      scenario,
      run: captureRun(seatOf<Run>(actor.getSnapshot() as object)!.seated!, notes),
    }))
    return {
      at: { program: { chart: chartOf(root.self), next, timer: notes.timer(timer), live: under } },
      record: { startedAt, reports: raw([...reports]) as readonly unknown[] },
    }
  }

  /** Takes up the scenarios that were under way in an earlier life. */
  revive({ next, timer, live }: ProgramAt, notes: Reviving): void {
    this.next = next
    this.timer = notes.timer(timer)
    for (const { scenario, run } of live) this.openScenario(scenario, { at: run, notes })
  }

  prepareScope(): void {
    this.root.scope.prepare()
  }

  releaseScope(): void {
    this.root.scope.release()
  }

  startRunTimer({ timeoutMs }: IntegrationContext): void {
    const { session } = this.root
    if (timeoutMs !== null) this.timer = session.startTimer(session.path, { type: 'run.timedOut' }, timeoutMs)
  }

  stopRunTimer(): void {
    if (this.timer) this.root.session.cancelTimer(this.timer)
    this.timer = null
  }

  startScenarios(): void {
    while (this.live.size < this.concurrentMax && this.next < this.workflows.length)
      this.startScenario(this.next++)
    this.announceEnd()
  }

  recordScenario({ scenario }: Extract<IntegrationEvent, { type: 'scenario.settled' }>): void {
    for (const [path, live] of this.live) {
      if (live.scenario !== scenario) continue
      this.live.delete(path)
      this.root.session.actors.delete(path)
      this.root.session.runs.delete(path)
    }
    if (this.next >= this.workflows.length) this.announceEnd()
  }

  cancelScenarios(cause: 'cancelled' | 'timed_out'): void {
    this.next = this.workflows.length
    this.tellScenarios({ type: 'run.cancel', cause })
    this.announceEnd()
  }

  /** Nobody waits for anything any more. */
  forceScenarios(): void {
    this.tellScenarios({ type: 'run.cancel', force: true })
  }

  /** Cancels one step of a running scenario: `scenario/outer/inner`. */
  cancelStep({ step, ...event }: Extract<IntegrationEvent, { type: 'run.cancelStep' }>): void {
    const cut = step.indexOf('/')
    const path = `run/${this.runId}/${step.slice(0, cut)}`
    const actor = this.live.get(path)?.actor
    const { session, self } = this.root
    if (actor) tell(self, actor, { ...event, step: step.slice(cut + 1) })
    else session.log(session.path, `No step "${step}" is under way: nothing is cancelled`, null)
  }

  takeSignal({ event, data }: Extract<IntegrationEvent, { type: 'run.signal' }>): void {
    this.root.scope.signal(event, data)
  }

  /** A finished run as the chart knows it. */
  settlementOf(event: ChildEnd): IntegrationEvent | null {
    const live = this.live.get(event.actorId)
    if (!live || !hasEndedSo(live.actor, event)) return null
    const { scenario } = live
    if (event.type.startsWith('xstate.done.')) {
      const report = event.output as RunReport
      this.reports[scenario] = report
      return { type: 'scenario.settled', scenario, status: report.status, failure: failureOf(report) }
    }
    const message = `The chart of a scenario failed: ${messageOf(event.error)}`
    return { type: 'scenario.settled', scenario, status: 'failed', failure: { code: 'INTERNAL', message } }
  }

  abandonAll(stop: (child: ActorRef) => void): void {
    this.stopRunTimer()
    for (const { actor } of this.live.values()) stop(actor)
    this.live.clear()
  }

  private startScenario(scenario: number): void {
    this.openScenario(scenario, null)
  }

  private openScenario(scenario: number, earlier: EarlierRun | null): void {
    const logic = this.workflows[scenario]!
    const runId = `${this.runId}/${logic.blueprint.plan.workflow.name}`
    const path = `run/${runId}`
    const input = { runId, inputs: this.inputs }
    const begin = earlier ? { snapshot: earlier.at.chart as never } : { input }
    const options = { parent: this.root.self, id: path, ...begin }
    const actor: ActorRef = createActor(logic.below(this.root, earlier), options)
    this.live.set(path, { actor, scenario })
    actor.start()
    // XState keeps to itself what is thrown while an actor is started.
    const { status, error } = actor.getSnapshot() as { readonly status: string; readonly error: unknown }
    if (earlier && status === 'error') throw error
  }

  private tellScenarios(event: RunCommand): void {
    for (const { actor } of [...this.live.values()]) tell(this.root.self, actor, event)
  }

  private announceEnd(): void {
    if (this.live.size === 0 && this.next >= this.workflows.length)
      tell(this.root.self, this.root.self, { type: 'scenarios.finished' })
  }
}
