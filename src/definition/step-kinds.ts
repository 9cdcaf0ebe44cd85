// The kinds of steps of a list that is written as one literal: what each says, and what its functions see. Types only.
// Invariant: a step's type is chosen by its own kind, so that an error names what that kind may say and nothing else.
import type { Invocation, ParametersOf, Plain } from './inference.ts'
import type { DeepReadonly, JsonForm } from './json-form.ts'
import type {
  AllVisible,
  AnyWorkflow,
  Basis,
  BranchesOf,
  EndedOutputs,
  KindKey,
  Mirror,
  StepOutput,
  Unsure,
  Visible,
  Waited,
  WorkflowInputs,
  WorkflowOutputs,
} from './mirror.ts'
import type { EventView, StepView } from './model.ts'
import type {
  AttemptOptions,
  BuilderScope,
  CompensateConfig,
  CallStep,
  EachOptions,
  EventWait,
  Given,
  IterationOptions,
  ParallelOptions,
  StepOptions,
  TimerWait,
} from './step-config.ts'

/** What steps are written in: modules, pools and inputs, and what can be seen from where they are nested. */
export interface Around {
  readonly basis: Basis
  readonly resource: string
  readonly inputs: unknown
  /** Views of steps by name; `unknown` where there are none. */
  readonly outer: unknown
  /** `item` and `index` of an iteration; `unknown` where there is none. */
  readonly extra: unknown
}

/** What the steps of a workflow are written in that are nested in nothing. */
export interface Top<TModules, TSkipped, TResource extends string, TInputs> {
  readonly basis: { readonly modules: TModules; readonly skipped: TSkipped }
  readonly resource: TResource
  readonly inputs: TInputs
  readonly outer: unknown
  readonly extra: unknown
}

/** What the steps are written in that are nested in one that sees `TSteps`. */
export interface Within<TAround extends Around, TSteps, TExtra = TAround['extra']> {
  readonly basis: TAround['basis']
  readonly resource: TAround['resource']
  readonly inputs: TAround['inputs']
  readonly outer: TSteps
  readonly extra: TExtra
}

type Modules<TAround extends Around> = TAround['basis']['modules']

type Except<TSteps, TNames> = {
  readonly [TStep in Exclude<keyof TSteps, TNames>]: TSteps[TStep]
}

/** The views of steps that a step has: of its siblings, and of what is around them. An inner name hides an outer one. */
export type Seen<TAround extends Around, T, TStep extends keyof T> = unknown extends TAround['outer']
  ? Visible<TAround['basis'], T, TStep>
  : Plain<Visible<TAround['basis'], T, TStep> & Except<TAround['outer'], keyof T>>

/** What a function sees in some place of a step. */
export type Scope<TAround extends Around, TSteps, TExtra = TAround['extra']> = BuilderScope<
  TSteps,
  TAround['inputs']
> &
  TExtra

/** What a function sees that looks into a step: what is inside of it, too. */
export type InnerScope<TAround extends Around, TSteps, TInner, TExtra = TAround['extra']> = Scope<
  TAround,
  Except<TSteps, keyof TInner> & TInner,
  TExtra
>

/** What an iteration over items sees. */
export interface Item<TItem> {
  readonly item: TItem
  /** From 0. */
  readonly index: number
}

/** What an iteration without items sees: the item of the iteration around it, too. */
export type Numbered<TExtra> = (TExtra extends { readonly item: infer TItem }
  ? { readonly item: TItem }
  : unknown) & {
  /** From 0. */
  readonly index: number
}

/** The steps of one literal: where they are inferred, and what each may be. */
export type StepsConfig<TAround extends Around, T> = Mirror<T> & NoInfer<Steps<TAround, T, keyof T>>

/** What each step may be that is added to others. */
export type Steps<TAround extends Around, T, TNames extends keyof T> = {
  readonly [TStep in TNames]: StepConfig<TAround, T, TStep, Seen<TAround, T, TStep>>
}

/** One step: what it does, its place in the graph, and what happens when it fails. */
export type StepConfig<TAround extends Around, T, TStep extends keyof T, TSteps> = StepOptions<
  Modules<TAround>,
  SiblingOf<T, TStep>,
  StepOutput<TAround['basis'], T[TStep]>,
  Scope<TAround, TSteps>
> &
  Undoing<TAround, T, TStep, TSteps> &
  (T[TStep] extends { readonly invoke: infer TCall }
    ? CallStep<Modules<TAround>, TAround['resource'], TCall, Scope<TAround, TSteps>>
    : ControlStep<TAround, T[TStep], TSteps>)

interface Undoing<TAround extends Around, T, TStep extends keyof T, TSteps> {
  /** Undoes the step where its run is undone. */
  readonly compensate?: CompensateConfig<
    Modules<TAround>,
    StepInput<Modules<TAround>, T[TStep]>,
    StepOutput<TAround['basis'], T[TStep]> | Unsure<T[TStep]>,
    OwnScope<TAround, TSteps, TStep, StepOutput<TAround['basis'], T[TStep]> | Unsure<T[TStep]>>
  >
}

/** What the function sees that says what an undoing is given: what the step sees, and the step. */
export type OwnScope<TAround extends Around, TSteps, TName extends PropertyKey, TOutput> = Scope<
  TAround,
  TSteps & { readonly [_ in TName]: StepView<TOutput> }
>

/** What a step may depend on. Only one that names itself is held against a list of its own: that costs. */
type SiblingOf<T, TStep extends keyof T> = T[TStep] extends { readonly dependsOn: readonly (infer TNeed)[] }
  ? TStep extends TNeed
    ? string extends keyof T
      ? keyof T
      : Exclude<keyof T, TStep>
    : keyof T
  : keyof T

/** What a step's operation was given, where the step is undone; `null` for a control step. */
export type StepInput<TModules, TStep> = TStep extends { readonly invoke: infer TCall }
  ? DeepReadonly<ParametersOf<TModules, TCall>> extends infer TParameters
    ? undefined extends TParameters
      ? Partial<Exclude<TParameters, undefined>>
      : TParameters
    : never
  : null

/** A step that is made of others, or that waits. */
type ControlStep<TAround extends Around, TStep, TSteps> = TStep extends { readonly parallel: infer TNested }
  ? ParallelStep<TAround, TSteps, TNested, Waited<TStep>>
  : TStep extends { readonly forEach: infer TItems }
    ? EachStep<TAround, TSteps, TItems, Part<TStep, 'steps'>>
    : TStep extends { readonly steps: infer TNested }
      ? LoopStep<TAround, TSteps, TNested>
      : TStep extends { readonly cases: infer TCases }
        ? CasesStep<TAround, TSteps, TStep, TCases>
        : TStep extends { readonly then: infer TNested }
          ? ConditionStep<TAround, TSteps, TStep, TNested>
          : TStep extends { readonly scenario: infer TWorkflow }
            ? ScenarioStep<TAround, TSteps, TWorkflow>
            : TStep extends { readonly waitForEvent: unknown }
              ? EventStep<TAround, TSteps>
              : TStep extends { readonly wait: unknown }
                ? TimerWait & Reshaping<Scope<TAround, TSteps>>
                : NoStep<Modules<TAround>>

/** What is said of a step that does nothing. */
export type NoStep<TModules> = AttemptOptions & { readonly invoke: Invocation<TModules> } & {
  readonly [TKey in Exclude<KindKey, 'invoke'>]?: unknown
}

type Part<TStep, TKey> = TKey extends keyof TStep ? TStep[TKey] : never

interface Reshaping<TScope> {
  /** What the step gives instead; of iterations, what each of them gives. */
  readonly output?: (scope: TScope) => unknown
}

/** Whether a list of steps is one that can be inferred; a function is not. */
type IsLiteral<TNested> = unknown extends TNested
  ? false
  : TNested extends (...list: never[]) => unknown
    ? false
    : true

/** A list of steps in a step. */
type Nested<TAround extends Around, TSteps, TNested, TExtra = TAround['extra']> =
  IsLiteral<TNested> extends false
    ? Readonly<Record<string, { readonly invoke: Invocation<Modules<TAround>> }>>
    : Steps<Within<TAround, TSteps, TExtra>, TNested, keyof TNested>

type ParallelStep<TAround extends Around, TSteps, TNested, TNone> = {
  readonly parallel: Nested<TAround, TSteps, TNested>
} & ParallelOptions &
  AttemptOptions &
  Reshaping<InnerScope<TAround, TSteps, AllVisible<EndedOutputs<TAround['basis'], TNested>, TNone>>>

type EachStep<TAround extends Around, TSteps, TItems, TNested> = {
  /** The items. In a literal their type is known where they are values: else use `step` of a list of steps. */
  readonly forEach: readonly unknown[] | ((scope: Scope<TAround, TSteps>) => readonly unknown[])
  readonly steps: Nested<TAround, TSteps, TNested, Item<ItemOf<TItems>>>
} & EachOptions &
  AttemptOptions &
  Reshaping<
    InnerScope<TAround, TSteps, AllVisible<EndedOutputs<TAround['basis'], TNested>>, Item<ItemOf<TItems>>>
  >

type ItemOf<TItems> = TItems extends readonly (infer TItem)[]
  ? JsonForm<TItem>
  : TItems extends (...scope: never[]) => readonly (infer TItem)[]
    ? JsonForm<TItem>
    : unknown

type LoopStep<TAround extends Around, TSteps, TNested> = {
  readonly steps: Nested<TAround, TSteps, TNested, Numbered<TAround['extra']>>
} & LoopConditions<TAround, TSteps, EndedOutputs<TAround['basis'], TNested>> &
  IterationOptions &
  AttemptOptions &
  Reshaping<
    InnerScope<
      TAround,
      TSteps,
      AllVisible<EndedOutputs<TAround['basis'], TNested>>,
      Numbered<TAround['extra']>
    >
  >

/** When there is another iteration: one of two conditions, whose answers are journaled. */
export type LoopConditions<TAround extends Around, TSteps, TOutputs> =
  | {
      /** Asked before each iteration; it sees the last one's steps, which are `skipped` where there is none yet. */
      readonly while: (
        scope: InnerScope<TAround, TSteps, AllVisible<TOutputs, null>, Numbered<TAround['extra']>>,
      ) => boolean
      readonly until?: never
    }
  | {
      /** Asked after each iteration; it sees its steps. */
      readonly until: (
        scope: InnerScope<TAround, TSteps, AllVisible<TOutputs>, Numbered<TAround['extra']>>,
      ) => boolean
      readonly while?: never
    }

type CasesStep<TAround extends Around, TSteps, TStep, TCases> = {
  /** The first whose condition holds is taken. */
  readonly cases: {
    readonly [TCase in keyof TCases]: {
      /** Its answer is journaled. */
      readonly when: (scope: Scope<TAround, TSteps>) => boolean
      readonly steps: Nested<TAround, TSteps, Part<TCases[TCase], 'steps'>>
    }
  }
  /** Taken where no case holds. Default: nothing is. */
  readonly default?: Nested<TAround, TSteps, Part<TStep, 'default'>>
} & AttemptOptions &
  Reshaping<InnerScope<TAround, TSteps, BranchViews<TAround['basis'], BranchesOf<TStep>>>>

type ConditionStep<TAround extends Around, TSteps, TStep, TNested> = {
  /** Its answer is journaled. */
  readonly condition: (scope: Scope<TAround, TSteps>) => boolean
  readonly then: Nested<TAround, TSteps, TNested>
  /** Taken where the condition does not hold. Default: nothing is. */
  readonly else?: Nested<TAround, TSteps, Part<TStep, 'else'>>
} & AttemptOptions &
  Reshaping<InnerScope<TAround, TSteps, BranchViews<TAround['basis'], BranchesOf<TStep>>>>

/** The steps of all branches; those of the branches that were not taken are skipped. */
export type BranchViews<TBasis extends Basis, TBranches> = {
  readonly [TStep in TBranches extends unknown ? keyof TBranches : never]: StepView<OfAny<
    TBasis,
    TBranches,
    TStep
  > | null>
}

type OfAny<TBasis extends Basis, TBranches, TStep extends PropertyKey> = TBranches extends {
  readonly [_ in TStep]: infer TNested
}
  ? StepOutput<TBasis, TNested>
  : never

/** A wait for an event. */
export type EventStep<TAround extends Around, TSteps> = EventWait<
  Scope<TAround, TSteps> & { readonly event: EventView }
> &
  Reshaping<Scope<TAround, TSteps> & { readonly event: EventView }>

/** A workflow of the same `setup` as a step. */
export type ScenarioStep<TAround extends Around, TSteps, TWorkflow> = AttemptOptions & {
  readonly scenario: TWorkflow extends AnyWorkflow ? TWorkflow : AnyWorkflow
} & ScenarioInputs<WorkflowInputs<TWorkflow>, TAround['inputs'], Scope<TAround, TSteps>> &
  Reshaping<Scope<TAround, TSteps> & { readonly output: WorkflowOutputs<TWorkflow> }>

type ScenarioInputs<TNeeded, TInputs, TScope> = [Lacking<TNeeded, TInputs>] extends [never]
  ? {
      /** Laid over the inputs of the run. */
      readonly inputs?: Given<Partial<TNeeded>, TScope>
    }
  : {
      /** Laid over the inputs of the run; these it does not have. */
      readonly inputs: Given<
        Partial<TNeeded> & Pick<TNeeded, Lacking<TNeeded, TInputs> & keyof TNeeded>,
        TScope
      >
    }

/** Inputs that are required and that the run around it cannot give. */
type Lacking<TNeeded, TInputs> = {
  [TName in keyof TNeeded]-?: Record<never, never> extends Pick<TNeeded, TName>
    ? never
    : TName extends keyof TInputs
      ? TInputs[TName] extends TNeeded[TName]
        ? never
        : TName
      : TName
}[keyof TNeeded]
