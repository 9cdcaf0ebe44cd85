// A chart that runs without an actor: its state is a plain snapshot, and whoever holds it does its effects. For what belongs to
// one attempt of a step, whose own actor is all that others see. Invariant: an event that comes while effects are being done
// is taken once they are.
import type { AnyStateMachine, ContextFrom, EventFromLogic, InputFrom } from 'xstate'
import type { Chart, ChartSnapshot } from '../../kernel/chart.ts'
import { stateNamed } from './compiled.ts'
import { compile } from '../../kernel/compile.ts'
import type { ChartAt } from '../state/notes.ts'
import type { ActionsOf, ParamsOf } from './compiled.ts'

/** How each effect that a chart names is done, by whoever holds it. */
type Deeds<TEffect extends string, TMachine extends AnyStateMachine, TOwner> = {
  readonly [TName in TEffect]: (
    owner: TOwner,
    params: ParamsOf<ActionsOf<TMachine>[TName & keyof ActionsOf<TMachine>]>,
  ) => void
}

/** A chart that is running. */
export class LoneChart<TMachine extends AnyStateMachine> {
  private readonly table: Chart
  private readonly does: (effect: string, params: unknown) => void
  private snapshot: ChartSnapshot
  private readonly waiting: EventFromLogic<TMachine>[] = []
  private isBusy = false

  /** @param at Where it was in an earlier life. */
  constructor(
    table: Chart,
    input: unknown,
    does: (effect: string, params: unknown) => void,
    at: ChartAt | null,
  ) {
    this.table = table
    if (at) stateNamed(table.states, at.value)
    this.does = does
    this.snapshot = at
      ? { status: 'active', output: undefined, error: undefined, ...at }
      : table.initial(input)[0]
  }

  /** Where it is. */
  get at(): ChartAt {
    const { value, context } = this.snapshot
    return { value, context }
  }

  get context(): ContextFrom<TMachine> {
    return this.snapshot.context as ContextFrom<TMachine>
  }

  /** Takes an event, and has done all that comes of it when it returns, unless it is doing that already. */
  send(event: EventFromLogic<TMachine>): void {
    this.waiting.push(event)
    if (this.isBusy) return
    this.isBusy = true
    try {
      for (let next = this.waiting.shift(); next; next = this.waiting.shift()) {
        const [snapshot, effects] = this.table.transition(this.snapshot, next)
        this.snapshot = snapshot
        for (const { type, params } of effects) this.does(type, params)
      }
    } finally {
      this.waiting.length = 0
      this.isBusy = false
    }
  }
}

/** Makes running charts of one kind, each for its owner. Nothing may be named before the first event. */
export function lone<TEffect extends string, TOwner>() {
  return <TMachine extends AnyStateMachine>(machine: TMachine, deeds: Deeds<TEffect, TMachine, TOwner>) => {
    let chart: Chart | null = null
    return (owner: TOwner, input?: InputFrom<TMachine>, at: ChartAt | null = null) =>
      new LoneChart<TMachine>(
        (chart ??= compile(machine)),
        input,
        (effect, params) => deeds[effect as TEffect](owner, params as never),
        at,
      )
  }
}
