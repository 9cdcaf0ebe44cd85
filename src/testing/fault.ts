// Faults by name, for one simulated run: what strikes whom, and when. Each strikes at its first opportunity.
// Not the faults of an exploration, which are all that there are.
import type { Choice } from './choice.ts'

/** When a fault strikes. */
export interface Occasion {
  /** The first attempt that it strikes, from 1. Default 1. */
  readonly attempt?: number
  /** Attempts that it strikes. Default 1. */
  readonly times?: number
}

/** One fault that is to strike. */
export interface Fault {
  /** What it is called in messages. */
  readonly name: string
  /** How often it is still to strike. */
  readonly times: number
  /** The choices that are the fault. */
  matches(choice: Choice): boolean
  /** For a fault that is a silence: the choices that must not be taken. */
  silences?(choice: Choice): boolean
  /** Struck only after an attempt of this step began; `null`: at any time. */
  readonly after: string | null
}

const REPLIES: ReadonlySet<Choice['act']> = new Set([
  'succeed',
  'fail',
  'failForGood',
  'succeedTwice',
  'stop',
  'succeedLate',
])

function onAttempts(
  name: string,
  step: string,
  acts: readonly Choice['act'][],
  { attempt = 1, times = 1 }: Occasion,
): Fault {
  const isIt = ({ subject, detail }: Choice) =>
    subject === step && typeof detail === 'number' && detail >= attempt && detail < attempt + times
  return {
    name: `${name} ${step}`,
    times,
    after: null,
    matches: (choice) => acts.includes(choice.act) && isIt(choice),
  }
}

const once = (name: string, matches: (choice: Choice) => boolean, after: string | null = null): Fault => ({
  name,
  times: 1,
  after,
  matches,
})

/**
 * Faults for `simulate`. A step is named by its address, `pay` or `outer/pay`; what undoes it is `undo:pay`, its fallback
 * `fallback:pay`.
 */
export const fault = {
  /** Attempts fail; `retryable: false`: for good. */
  fails: (
    step: string,
    { retryable = true, ...occasion }: Occasion & { readonly retryable?: boolean } = {},
  ): Fault => onAttempts('fails', step, [retryable ? 'fail' : 'failForGood'], occasion),
  /** An attempt never answers by itself: its limit is reached, or that of the run. Told to stop, it stops. */
  hangs: (step: string, { attempt = 1, times = 1 }: Occasion = {}): Fault => ({
    name: `hangs ${step}`,
    times,
    after: null,
    matches: ({ act, subject, detail }) =>
      act === 'tick' && subject === step && (detail === 'attempt.timedOut' || detail === 'heartbeat.missed'),
    silences: ({ act, subject, detail }) =>
      REPLIES.has(act) &&
      act !== 'stop' &&
      subject === step &&
      Number(detail) >= attempt &&
      Number(detail) < attempt + times,
  }),
  /** An attempt does not answer, and does not stop when it is told to. */
  isDeaf: (step: string, { attempt = 1 }: Pick<Occasion, 'attempt'> = {}): Fault => ({
    name: `is deaf ${step}`,
    times: 1,
    after: null,
    matches: ({ act, subject, detail }) => act === 'tick' && subject === step && detail === 'grace.ended',
    silences: ({ act, subject, detail }) => REPLIES.has(act) && subject === step && detail === attempt,
  }),
  /** An attempt says twice that it succeeded. */
  answersTwice: (step: string, occasion: Pick<Occasion, 'attempt'> = {}): Fault =>
    onAttempts('answers twice', step, ['succeedTwice'], occasion),
  /** An attempt that was told to stop succeeds all the same. */
  succeedsLate: (step: string, occasion: Pick<Occasion, 'attempt'> = {}): Fault =>
    onAttempts('succeeds late', step, ['succeedLate'], occasion),
  /** A module cannot be initialised, or cleaned up. */
  moduleFails: (module: string, what: 'init' | 'cleanup' = 'init'): Fault =>
    once(
      `module fails ${module} ${what}`,
      ({ act, subject, detail }) => act === 'fail' && subject === `module/${module}` && detail === what,
    ),
  /** A module does not answer when it is initialised, or cleaned up, until its limit is reached. */
  moduleHangs: (module: string, what: 'init' | 'cleanup' = 'init'): Fault => ({
    name: `module hangs ${module} ${what}`,
    times: 1,
    after: null,
    matches: ({ act, subject, detail }) =>
      act === 'tick' && subject === `module/${module}` && detail === 'module.timedOut',
    silences: ({ act, subject, detail }) =>
      REPLIES.has(act) && subject === `module/${module}` && detail === what,
  }),
  /** A handler of bus events throws, once. */
  handlerThrows: (subscription: string): Fault =>
    once(`handler throws ${subscription}`, ({ act, detail }) => act === 'fail' && detail === subscription),
  /** Someone else takes what is free of a pool, for a while. */
  exhausts: (pool: string): Fault =>
    once(`exhausts ${pool}`, ({ act, subject }) => act === 'take' && subject === pool),
  /** What a running step holds is gone. */
  losesLease: (step: string): Fault =>
    once(`loses lease ${step}`, ({ act, subject }) => act === 'loseLease' && subject === step, step),
  /** The run is cancelled, at once or as soon as a step has begun. */
  cancels: ({ after = null }: { readonly after?: string | null } = {}): Fault =>
    once('cancels', ({ act }) => act === 'cancel', after),
  /** The process dies and goes on from its journal, at once or as soon as a step has begun. */
  crashes: ({ after = null }: { readonly after?: string | null } = {}): Fault =>
    once('crashes', ({ act }) => act === 'crash', after),
  /** The same, and the last entries of the journal are lost: 1 or 2. */
  losesTail: (entries: 1 | 2, { after = null }: { readonly after?: string | null } = {}): Fault =>
    once(`loses tail ${entries}`, ({ act, detail }) => act === 'loseTail' && detail === entries, after),
} as const
