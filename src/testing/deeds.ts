// What a choice does: an effect ends, time goes on, someone outside takes a unit, cancels, signals. Each is noted as a moment
// before anything comes of it. Not here: which choice is taken, and what must hold after it.
import { isInstance, messageOf } from '../foreign.ts'
import type { Effect, Outcome } from '../runtime/port/host.ts'
import { calledBy } from '../runtime/execute/perform.ts'
import type { Root } from '../runtime/charts/root.ts'
import type { Answers } from './answers.ts'
import type { Choice, FaultKind } from './choice.ts'
import type { MomentKind } from './history.ts'
import { OUTSIDER, stepOf } from './offers.ts'
import type { Pending, PendingTimer, World } from './world.ts'

/** Takes down that something happens now. */
export type Note = (
  kind: MomentKind,
  step: string,
  attempt?: Extract<Effect, { kind: 'attempt' }> | null,
  detail?: string,
  fault?: FaultKind | null,
) => void

/** Where something is done. */
export interface Doing {
  readonly world: World
  readonly root: Root
  readonly answers: Answers
  readonly note: Note
}

/** Does what a choice says. A crash is none of it: that ends one life and begins another. */
export function carryOut(choice: Choice, situation: Doing): void {
  const { world, root, note } = situation
  const life = world.life!
  const { act, subject, target, fault } = choice
  switch (act) {
    case 'goOn':
      life.runDeferred()
      return
    case 'decide': {
      const { pending, outcome } = target as { pending: Pending; outcome: Outcome }
      life.settle(pending, outcome)
      return
    }
    case 'tick':
      note('timer.fired', subject, null, String(choice.detail), fault)
      life.fire(target as PendingTimer)
      return
    case 'take': {
      note('pool.taken', subject, null, `${choice.detail} units`, fault)
      const request = {
        lease: OUTSIDER,
        units: Number(choice.detail),
        priority: 0,
        at: world.time,
        replyTo: '',
      }
      life.deliver(target as string, { type: 'lease.request', ...request })
      return
    }
    case 'giveBack':
      note('pool.returned', subject)
      life.deliver(target as string, { type: 'lease.release', lease: OUTSIDER })
      return
    case 'loseLease': {
      const { path, lease } = target as { path: string; lease: string }
      note('lease.lost', subject, null, String(choice.detail), fault)
      life.deliver(path, { type: 'lease.lost', lease })
      return
    }
    case 'cancel':
      note('run.cancelled', '', null, '', fault)
      life.deliver(root.session.path, { type: 'run.cancel' })
      return
    case 'signal':
      note('signal.sent', subject)
      life.deliver(root.session.path, { type: 'run.signal', event: subject, data: null })
      return
    default:
      reply(choice, target as Pending, situation)
  }
}

function reply(
  { act, subject, fault }: Choice,
  pending: Pending,
  { world, root, answers, note }: Doing,
): void {
  const life = world.life!
  const { effect } = pending
  const outcome =
    act === 'echo'
      ? pending.echo!
      : act === 'fail' || act === 'failForGood' || act === 'stop'
        ? failureFor(act, effect)
        : answers.successOf(life, effect, stepOf(effect), exampleOf(root, effect))
  const kind =
    act === 'echo' || act === 'speakLate'
      ? 'reply.ignored'
      : KIND_OF[act === 'stop' ? 'stop' : outcome.status]
  if (effect.kind === 'attempt') note(kind, stepOf(effect), effect, messageIn(outcome), fault)
  else if (effect.kind === 'handler')
    note('handler.answered', effect.subscription, null, outcome.status, fault)
  else if (effect.kind !== 'decision')
    note('module.answered', effect.module, null, `${effect.kind} ${outcome.status}`, fault)
  else note('reply.ignored', subject)
  life.settle(pending, outcome, act === 'succeedTwice')
}

/** What the module says that an operation answers. */
function exampleOf({ session }: Root, effect: Effect): unknown {
  if (effect.kind !== 'attempt') return undefined
  const run = session.runs.get(effect.run)
  if (!run) return undefined
  // A reply that comes late may find another run at the address of its own.
  const step = run.workflow.steps[effect.index]
  const called = step && calledBy(step, effect.target)
  if (!called) return undefined
  if (!('module' in called)) return called.kind === 'value' ? called.value : undefined
  const { examples } = run.options.modules.get(called.module) ?? {}
  return examples && Object.hasOwn(examples, called.operation) ? examples[called.operation] : undefined
}

const KIND_OF = {
  succeeded: 'attempt.succeeded',
  failed: 'attempt.failed',
  stop: 'attempt.stopped',
} as const

const messageIn = (outcome: Outcome) =>
  outcome.status === 'failed' && isInstance(outcome.error, Error) ? messageOf(outcome.error) : ''

/** Made once: an error is dear for its stack, and nobody reads that of an injected one. */
function injected(code: string, retryable: boolean): Outcome {
  const message = retryable ? 'an injected failure' : 'an injected failure that no retry helps'
  return { status: 'failed', error: Object.assign(new Error(message), { code, retryable }) }
}

const INJECTED = {
  fail: { attempt: injected('OPERATION_FAILED', true), other: injected('INJECTED', true) },
  failForGood: { attempt: injected('OPERATION_FAILED', false), other: injected('INJECTED', false) },
} as const

const failureFor = (act: 'fail' | 'failForGood' | 'stop', { kind }: Effect): Outcome =>
  act === 'stop' ? STOPPED : INJECTED[act][kind === 'attempt' ? 'attempt' : 'other']

const STOPPED: Outcome = {
  status: 'failed',
  error: Object.assign(new Error('The operation was told to stop'), { name: 'AbortError' }),
}
