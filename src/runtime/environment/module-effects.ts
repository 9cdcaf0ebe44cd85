// The functions of modules' life cycles that are under way or were called: one at a time a module, by the address of its actor.
// Not the life cycle: that is in the module's chart.
import type { AnyActorRef } from 'xstate'
import type { Effect } from '../port/host.ts'
import type { Session } from '../journal/session.ts'

/** The effects of the modules of one root. */
export class ModuleEffects {
  private readonly session: Session
  private readonly last = new Map<string, Effect>()
  private readonly called = new WeakSet<Effect>()

  constructor(session: Session) {
    this.session = session
  }

  perform(kind: 'init' | 'cleanup', to: string, module: string): void {
    const effect: Effect = { kind, to, module }
    this.last.set(to, effect)
    this.session.perform(effect)
  }

  abort(to: string): void {
    const effect = this.last.get(to)
    if (effect) this.session.abort(effect)
  }

  abandon(to: string): void {
    const effect = this.last.get(to)
    if (!effect) return
    this.session.abort(effect)
    this.session.abandon(effect)
  }

  /** The host calls a module's function. */
  begin(effect: Effect): void {
    this.called.add(effect)
  }

  /** Whether the init of the module of a live actor was called, and its cleanup was not. */
  owesCleanup(actor: AnyActorRef): boolean {
    const { value, status } = actor.getSnapshot()
    const effect = this.last.get(actor.id)
    const isCalled = effect !== undefined && this.called.has(effect)
    return value === 'running' || (status === 'active' && isCalled === (value !== 'cleaningUp'))
  }
}
