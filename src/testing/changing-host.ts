// What lets logic that is made once live in one world after the other: to make actor logic costs more than to play it.
import type { AnyActorLogic } from 'xstate'
import type { Rule } from './checkers/checker.ts'
import type { Host } from '../runtime/port/host.ts'

/** What is explored: actor logic whose host can be another one each time. */
export interface Subject {
  readonly name: string
  readonly logic: AnyActorLogic
  readonly host: ChangingHost
  readonly inputs: Readonly<Record<string, unknown>>
  /** Rules that always hold, and those that are about this one. */
  readonly rules: readonly Rule[]
}

/** Lets logic that is made once live in one world after the other. */
export class ChangingHost implements Host {
  readonly name = 'exploration'
  world: Host | null = null
  /** Decides what cannot be computed. */
  assume: (address: string, ways: readonly unknown[]) => unknown = (_, [plainest]) => plainest
  newRunId: Host['newRunId'] = () => this.world!.newRunId()
  open: Host['open'] = (request, guest) => this.world!.open(request, guest)
  idle: Host['idle'] = () => Promise.resolve()
}
