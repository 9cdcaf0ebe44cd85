// A list of steps that grows: for steps whose types hang on what functions of other steps return, which the compiler cannot
// know within one literal. It holds configurations; what they become is builder.ts's.
// Invariant: a list never changes, adding to it makes another one; adding costs the same however long the list is.
import type { JsonForm } from './json-form.ts'
import type {
  AllVisible,
  Basis,
  BranchesOf,
  EndedOutputs,
  Iteration,
  Made,
  Mirror,
  KeysOfOne,
  MirrorOfOne,
  NeedsOf,
  RunOf,
  Skipped,
  StepOutput,
  Unheard,
  Unsure,
  Waited,
  WorkflowOutputs,
  Written,
} from './mirror.ts'
import type { EventView } from './model.ts'
import type {
  AttemptOptions,
  CompensateCheck,
  CompensateSite,
  CallStep,
  EachOptions,
  IterationOptions,
  ParallelOptions,
  StepOptions,
  TimerWait,
} from './step-config.ts'
import type {
  Around,
  BranchViews,
  EventStep,
  InnerScope,
  Item,
  NoStep,
  Numbered,
  OwnScope,
  ScenarioStep,
  Scope,
  Seen,
  StepInput,
  Steps,
  Within,
} from './step-kinds.ts'

/** The steps of a list in their order, by name. */
export type StepEntries = readonly (readonly [name: string, step: unknown])[]

/** A list of steps that grows: each that is added sees what there is already, with all its types. */
export interface StepList<TAround extends Around, T> {
  /** Adds steps that are written as one literal; they may depend on each other. */
  steps<const U>(steps: Mirror<U> & NoInfer<Steps<TAround, T & U, keyof U>>): StepList<TAround, T & U>
  /**
   * Adds one step. What its functions return is known to what follows: the items of `forEach`, and `output`. Steps inside of
   * it are added to a list of their own, by a function; write that after `forEach`, and before what looks at them.
   */
  step<const TName extends string, TKeys extends string, const U, TItem, TInside, TThen, TElse, TShaped>(
    name: TName,
    step: KeysOfOne<TKeys> &
      MirrorOfOne<U> &
      Sites<
        TAround,
        TName,
        NoInfer<Written<U, TKeys>>,
        SeenBy<TAround, T, TName, NoInfer<U>>,
        TItem,
        TInside,
        TThen,
        TElse,
        TShaped
      > &
      NoInfer<
        GrownStep<
          TAround,
          T,
          TName,
          Written<U, TKeys>,
          SeenBy<TAround, T, TName, U>,
          GrownOutput<TAround['basis'], Written<U, TKeys>, TInside, TThen, TElse, TShaped>,
          IsInferred<Written<U, TKeys>, TInside, TThen, TShaped>
        >
      >,
  ): StepList<
    TAround,
    T & {
      readonly [_ in TName]: Made<
        GrownOutput<TAround['basis'], Written<U, TKeys>, TInside, TThen, TElse, TShaped>,
        Skipped<Written<U, TKeys>, TAround['basis']['skipped']>,
        NeedsOf<U>,
        RunOf<U>
      >
    }
  >
}

type SeenBy<TAround extends Around, T, TName extends PropertyKey, U> = Seen<
  TAround,
  T & { readonly [_ in TName]: U },
  TName & keyof (T & { readonly [_ in TName]: U })
>

type GrownOutput<TBasis extends Basis, U, TInside, TThen, TElse, TShaped> = U extends {
  readonly output: unknown
}
  ? U extends { readonly steps: unknown }
    ? readonly Iteration<U, JsonForm<TShaped>>[]
    : JsonForm<TShaped> | Unheard<U>
  : StepOutput<TBasis, U & Lists<U, TInside, TThen, TElse>>

/** What is inferred in the order in which it is written: items, what is inside, what the step gives. */
interface Sites<
  TAround extends Around,
  TName extends PropertyKey,
  U,
  TSteps,
  TItem,
  TInside,
  TThen,
  TElse,
  TShaped,
> {
  /** The items, or what gives them. */
  readonly forEach?: readonly TItem[] | ((scope: Scope<TAround, TSteps>) => readonly TItem[])
  /** Steps side by side. */
  readonly parallel?: Adding<Within<TAround, TSteps, ExtraOf<TAround, U, TItem>>, TInside>
  /** The steps of an iteration. */
  readonly steps?: Adding<Within<TAround, TSteps, ExtraOf<TAround, U, TItem>>, TInside>
  readonly then?: Adding<Within<TAround, TSteps>, TThen>
  /** Taken where the condition does not hold. Default: nothing is. */
  readonly else?: Adding<Within<TAround, TSteps>, TElse>
  /** Asked before each iteration; it sees the last one's steps, which are `skipped` where there is none yet. */
  readonly while?: (scope: LooksInside<TAround, U, TSteps, TItem, TInside, TThen, TElse, null>) => boolean
  /** Asked after each iteration; it sees its steps. */
  readonly until?: (scope: LooksInside<TAround, U, TSteps, TItem, TInside, TThen, TElse>) => boolean
  /** What the step gives instead; of iterations, what each of them gives. */
  readonly output?: (
    scope: LooksInside<TAround, U, TSteps, TItem, TInside, TThen, TElse> & Result<U>,
  ) => TShaped
  /** Undoes the step where its run is undone. */
  readonly compensate?: CompensateSite<
    TAround['basis']['modules'],
    StepInput<TAround['basis']['modules'], U>,
    GrownOutput<TAround['basis'], U, TInside, TThen, TElse, TShaped> | Unsure<U>,
    OwnScope<
      TAround,
      TSteps,
      TName,
      GrownOutput<TAround['basis'], U, TInside, TThen, TElse, TShaped> | Unsure<U>
    >
  >
}

/** Adds steps to a list. */
type Adding<TAround extends Around, T> = (list: StepList<TAround, unknown>) => StepList<TAround, T>

/** The lists inside of a step, as a literal would have them. */
type Lists<U, TInside, TThen, TElse> = U extends { readonly then: unknown }
  ? { readonly then: TThen } & (U extends { readonly else: unknown } ? { readonly else: TElse } : unknown)
  : U extends { readonly parallel: unknown }
    ? { readonly parallel: TInside }
    : U extends { readonly steps: unknown }
      ? { readonly steps: TInside }
      : unknown

/** Keys of lists of steps that are inside of a step. */
type ListKey = 'parallel' | 'then' | 'else' | 'steps'

type ExtraOf<TAround extends Around, U, TItem> = U extends { readonly forEach: unknown }
  ? Item<JsonForm<TItem>>
  : U extends { readonly steps: unknown }
    ? Numbered<TAround['extra']>
    : TAround['extra']

type LooksInside<TAround extends Around, U, TSteps, TItem, TInside, TThen, TElse, TNone = never> = InnerScope<
  TAround,
  TSteps,
  Inside<TAround['basis'], U, Lists<U, TInside, TThen, TElse>, TNone>,
  ExtraOf<TAround, U, TItem>
>

type Inside<TBasis extends Basis, U, TLists, TNone> = TLists extends { readonly parallel: infer TNested }
  ? AllVisible<EndedOutputs<TBasis, TNested>, Waited<U>>
  : TLists extends { readonly steps: infer TNested }
    ? AllVisible<EndedOutputs<TBasis, TNested>, TNone>
    : TLists extends { readonly then: unknown }
      ? BranchViews<TBasis, BranchesOf<TLists>>
      : unknown

/** What `output` of a step sees beside steps. */
type Result<U> = U extends { readonly waitForEvent: unknown }
  ? { readonly event: EventView }
  : U extends { readonly scenario: infer TWorkflow }
    ? { readonly output: WorkflowOutputs<TWorkflow> }
    : unknown

/** Whether it is known by now what a step gives: the compiler also looks before it is. */
type IsInferred<U, TInside, TThen, TShaped> = unknown extends (
  U extends { readonly output: unknown }
    ? TShaped
    : U extends { readonly then: unknown }
      ? TThen
      : U extends { readonly parallel: unknown } | { readonly steps: unknown }
        ? TInside
        : never
)
  ? false
  : true

/** What a step may be that is added alone. What is inferred of it stands in `Sites`, and is `unknown` here. */
type GrownStep<
  TAround extends Around,
  T,
  TName extends PropertyKey,
  U,
  TSteps,
  TOutput,
  TIsInferred,
> = StepOptions<TAround['basis']['modules'], Exclude<keyof T, TName>, TOutput, Scope<TAround, TSteps>> & {
  readonly compensate?: CompensateCheck<
    TAround['basis']['modules'],
    StepInput<TAround['basis']['modules'], U>,
    TIsInferred extends true ? TOutput | Unsure<U> : never
  >
} & (U extends { readonly invoke: infer TCall }
    ? CallStep<TAround['basis']['modules'], TAround['resource'], TCall, Scope<TAround, TSteps>> & Only<never>
    : U extends { readonly parallel: unknown }
      ? { readonly parallel: unknown } & ParallelOptions & AttemptOptions & Only<'parallel' | 'output'>
      : U extends { readonly forEach: unknown }
        ? { readonly forEach: unknown; readonly steps: unknown } & EachOptions &
            AttemptOptions &
            Only<'forEach' | 'steps' | 'output'>
        : U extends { readonly steps: unknown }
          ? { readonly steps: unknown } & OneOf<'while', 'until'> &
              IterationOptions &
              AttemptOptions &
              Only<'steps' | 'while' | 'until' | 'output'>
          : U extends { readonly then: unknown }
            ? {
                /** Its answer is journaled. */
                readonly condition: (scope: Scope<TAround, TSteps>) => boolean
                readonly then: unknown
              } & AttemptOptions &
                Only<'then' | 'else' | 'output'>
            : U extends { readonly scenario: infer TWorkflow }
              ? ScenarioStep<TAround, TSteps, TWorkflow> & Only<'output'>
              : U extends { readonly waitForEvent: unknown }
                ? EventStep<TAround, TSteps> & Only<'output'>
                : U extends { readonly wait: unknown }
                  ? TimerWait & Only<'output'>
                  : NoStep<TAround['basis']['modules']>)

/** The other keys of `Sites` have no effect. */
type Only<TKeys> = {
  readonly [TKey in Exclude<ListKey | 'forEach' | 'while' | 'until' | 'output', TKeys>]?: never
}

type OneOf<TOne extends string, TOther extends string> =
  | ({ readonly [_ in TOne]: unknown } & { readonly [_ in TOther]?: never })
  | ({ readonly [_ in TOther]: unknown } & { readonly [_ in TOne]?: never })

/** A list of steps that grows, whatever its types. */
export class GrowingList {
  readonly #before: GrowingList | null
  readonly #own: StepEntries

  constructor(before: GrowingList | null = null, own: StepEntries = []) {
    this.#before = before
    this.#own = own
  }

  steps(steps: Readonly<Record<string, unknown>>): GrowingList {
    return new GrowingList(this, Object.entries(steps))
  }

  step(name: string, step: unknown): GrowingList {
    return new GrowingList(this, [[name, step]])
  }

  /** Every step that was added, in order. */
  static entriesOf(list: GrowingList): StepEntries {
    const parts: StepEntries[] = []
    for (let at: GrowingList | null = list; at; at = at.#before) parts.push(at.#own)
    return parts.toReversed().flat()
  }
}
