// What @xstate/react 6.1 does with an actor that is unmounted and mounted again (its stopRootWithRehydration), for tests without
// React. The package itself is in test/react.
import type { AnyActorRef } from 'xstate'

interface Internals {
  observers: Set<unknown>
  _processingStatus: number
  _snapshot: { readonly children?: Readonly<Record<string, AnyActorRef>> }
  readonly system: { _snapshot?: unknown; getSnapshot?(): unknown }
  stop(): void
}

const internals = (actor: AnyActorRef) => actor as unknown as Internals

const treeOf = (actor: AnyActorRef): AnyActorRef[] => [
  actor,
  ...Object.values(internals(actor)._snapshot.children ?? {}).flatMap(treeOf),
]

/** Stops an actor so that it can be started again. Whoever had subscribed is forgotten. */
export function stopForRestart(actor: AnyActorRef): void {
  const root = internals(actor)
  const kept = treeOf(actor).map((each) => [internals(each), internals(each)._snapshot] as const)
  for (const [each] of kept) each.observers = new Set()
  const system = root.system.getSnapshot?.()
  root.stop()
  root.system._snapshot = system
  for (const [each, snapshot] of kept) {
    each._processingStatus = 0
    each._snapshot = snapshot
  }
}
