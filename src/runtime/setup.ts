// From a definition to actor logic: where modules, resources and a host meet a workflow.
import { createActor, toPromise, type ActorOptions, type AnyActorLogic } from './charts/actors.ts'
import {
  defineWorkflow,
  type AnyWorkflowConfig,
  type OnIncomplete,
  type RecoveryConfig,
  type WorkflowConfig,
} from '../definition/builder.ts'
import { checkName } from '../definition/builder-values.ts'
import { listed, shown, suggestion } from '../definition/diagnostic.ts'
import { DURATION_EXPECTED, durationMs } from '../definition/duration.ts'
import type {
  GivenInputs,
  HookFaults,
  InputConfig,
  InputsOf,
  Plain,
  ValueFaults,
} from '../definition/inference.ts'
import type { JsonForm } from '../definition/json-form.ts'
import type { AllVisible, AnyWorkflow, EndedOutputs, Listed, OutputsOf } from '../definition/mirror.ts'
import type { Module, PoolDefinition, WorkflowDefinition } from '../definition/model.ts'
import { everyStep, ownBlocksOf } from '../definition/nested.ts'
import type { BuilderScope, Duration, Given } from '../definition/step-config.ts'
import type { StepsConfig, Top } from '../definition/step-kinds.ts'
import type { StepList } from '../definition/step-list.ts'
import { hookRemedy, toModule } from '../definition/module.ts'
import { planWorkflow } from '../definition/plan.ts'
import { SagachartError } from '../errors.ts'
import type { Host } from './port/host.ts'
import type { DeclaredEvent } from './report/run-events.ts'
import { RunLogic } from './charts/run-logic.ts'
import type { ScopeParts } from './environment/scope.ts'
import type { Subscription } from './environment/subscription.ts'
import type { ReportOf, RunInput, WorkflowLogic } from './charts/workflow-logic.ts'

export interface SetupOptions<
  TModules,
  TResource extends string,
  TSubscriptions = readonly Subscription[],
  TEmitted extends DeclaredEvent = DeclaredEvent,
> {
  /** Plain objects of operations, classes, or what `defineModule` gives. */
  readonly modules: TModules & NoInfer<{ readonly [TName in keyof TModules]: HookFaults<TModules[TName]> }>
  /** Counted pools, by name. */
  readonly resources?: { readonly [TName in TResource]: { readonly units: number } }
  /** How long a step waits for its resources. Default 300 s. */
  readonly resourceTimeout?: Duration
  /** `false`: no bus, no history. Default `true`. */
  readonly events?: boolean
  /** Handlers of bus events. */
  readonly subscriptions?: TSubscriptions
  /** Default: the memory host. */
  readonly host?: Host
  /** Read by the compiler alone: events that operations emit and signals bring, for `actor.on`: `{} as { type, data }`. */
  readonly types?: { readonly emitted?: TEmitted }
}

/** `null` where a handler of failures may answer `skip`. */
type SkippedByHandlers<TSubscriptions> = TSubscriptions extends readonly (infer TSubscription)[]
  ? TSubscription extends { readonly pattern: infer TPattern; handler: (...event: never[]) => infer TAnswer }
    ? 'step_failed' extends Heard<TPattern>
      ? 'skip' extends Awaited<TAnswer>
        ? null
        : never
      : never
    : never
  : never

type Heard<TPattern> = TPattern extends `${infer TStart}*` ? `${TStart}${string}` : TPattern

/** Where the steps of a workflow are: what they may call, need and see, and whether one that says nothing may be skipped. */
type TopOf<TModules, TResource extends string, TSkipped, TInputs, TRecovery> = Top<
  TModules,
  TSkipped | ('skip' extends Listed<TRecovery, 'strategies'> ? null : never),
  TResource,
  Plain<InputsOf<TInputs>>
>

/** @typeParam TSkipped `null` where handlers may answer that a step is skipped that failed */
export interface Setup<
  TModules,
  TResource extends string,
  TSkipped extends null = never,
  TEmitted extends DeclaredEvent = never,
> {
  /**
   * Makes actor logic of a workflow. Everything in a step is checked against the modules' own types.
   * @throws WORKFLOW_INVALID, MODULE_NOT_REGISTERED, OPERATION_UNKNOWN
   */
  createWorkflow<
    const T,
    const TInputs extends Readonly<Record<string, InputConfig>> = Record<never, never>,
    TOutputs = Record<never, never>,
    const TRecovery extends RecoveryConfig = Record<never, never>,
    TEnd extends OnIncomplete = 'report',
  >(
    config: WorkflowConfig<
      | StepsConfig<TopOf<TModules, TResource, TSkipped, TInputs, TRecovery>, T>
      | ((
          list: StepList<TopOf<TModules, TResource, TSkipped, TInputs, TRecovery>, unknown>,
        ) => StepList<TopOf<TModules, TResource, TSkipped, TInputs, TRecovery>, T>),
      TInputs,
      {
        readonly [TName in keyof TOutputs]: Given<
          TOutputs[TName],
          BuilderScope<
            Plain<
              AllVisible<
                NoInfer<EndedOutputs<TopOf<TModules, TResource, TSkipped, TInputs, TRecovery>['basis'], T>>
              >
            >,
            Plain<InputsOf<NoInfer<TInputs>>>
          >
        >
      } & NoInfer<ValueFaults<TOutputs>>,
      TRecovery,
      TEnd
    >,
  ): WorkflowLogic<
    Plain<{ readonly [TName in keyof TOutputs]: JsonForm<TOutputs[TName]> }>,
    Plain<GivenInputs<TInputs>>,
    Plain<OutputsOf<TopOf<TModules, TResource, TSkipped, TInputs, TRecovery>['basis'], T>>,
    TEnd,
    TEmitted
  >
}

/** Events kept for late subscribers. */
const HISTORY = { sizeMax: 1000, ageMsMax: 24 * 3_600_000 }

/** Makes the `setup` of a default host; `src/index.ts` wires it. */
export function setupOn(defaultHost: Host) {
  return function setup<
    const TModules extends object,
    TResource extends string = never,
    const TSubscriptions extends readonly Subscription[] = readonly Subscription<void>[],
    TEmitted extends DeclaredEvent = never,
  >(
    options: SetupOptions<TModules, TResource, TSubscriptions, TEmitted>,
  ): Setup<TModules, TResource, SkippedByHandlers<TSubscriptions>, TEmitted> {
    const { host = defaultHost } = options
    const parts = partsOf(options)
    return {
      createWorkflow(config) {
        const workflowOf = (logic: unknown) =>
          logic instanceof RunLogic && logic.blueprint.parts === parts ? logic.blueprint.plan.workflow : null
        const workflow = defineWorkflow(config as AnyWorkflowConfig, workflowOf)
        checkCalls(workflow, parts)
        const { onIncomplete = 'report' } = config
        return new RunLogic({ plan: planWorkflow(workflow), host, env: {}, parts, onIncomplete }) as never
      },
    }
  }
}

/**
 * The same workflow on another host.
 * @throws WORKFLOW_INVALID for what `createWorkflow` did not give
 */
export function withHost<TWorkflow extends AnyWorkflow>(workflow: TWorkflow, host: Host): TWorkflow {
  if (workflow instanceof RunLogic) return workflow.withHost(host)
  throw invalid('withHost: expected what createWorkflow gave, found something else')
}

/** How a run is carried out. */
export interface RunOptions {
  /** Told of every actor, event and snapshot, as by XState's `createActor(…, { inspect })`. Default: nobody. */
  readonly inspect?: NonNullable<ActorOptions<AnyActorLogic>['inspect']>
}

/**
 * Runs a workflow to its end.
 * @throws INPUT_INVALID, and INTERNAL on a fault of ours; a run that fails, times out or is cancelled is reported, not
 * thrown, unless its workflow says `onIncomplete: 'reject'` (RUN_NOT_COMPLETED).
 */
export function run<TOutputs, TInputs, TSteps, TEnd extends OnIncomplete, TEmitted extends DeclaredEvent>(
  workflow: WorkflowLogic<TOutputs, TInputs, TSteps, TEnd, TEmitted>,
  ...[input, options]: Record<never, never> extends TInputs
    ? [input?: RunInput<TInputs>, options?: RunOptions]
    : [input: RunInput<TInputs>, options?: RunOptions]
): Promise<ReportOf<TOutputs, TSteps, TEnd>> {
  const logic = workflow as AnyActorLogic
  const actor = createActor(logic, { input, ...options })
  // An error that nobody listens for is thrown where nobody can catch it: listen first.
  const report = toPromise(actor) as Promise<ReportOf<TOutputs, TSteps, TEnd>>
  actor.start()
  return report
}

function partsOf(options: SetupOptions<object, string>): ScopeParts {
  const { modules, resources = {}, resourceTimeout = 300, events = true, subscriptions = [] } = options
  for (const name of Object.keys(modules)) checkName(name, 'Setup: a module')
  for (const name of Object.keys(resources)) checkName(name, 'Setup: a resource')
  const leaseTimeoutMs = durationMs(resourceTimeout)
  if (leaseTimeoutMs === null) {
    throw invalid(`resourceTimeout: expected ${DURATION_EXPECTED}, found ${shown(resourceTimeout)}`)
  }
  if (!events && subscriptions.length > 0) {
    throw new SagachartError(
      'EVENT_BUS_NOT_AVAILABLE',
      `Event bus not available: ${subscriptions.length} subscriptions were given with events: false; leave out one of the two`,
    )
  }
  return {
    modules: Object.entries(modules).map(([name, value]): Module => toModule(name, value, {})),
    pools: Object.entries(resources as Record<string, { units: number }>).map(
      ([name, { units }]): PoolDefinition => {
        if (Number.isSafeInteger(units) && units >= 1) return { name, units }
        throw invalid(`resource "${name}": expected units from 1, found ${shown(units)}`)
      },
    ),
    leaseTimeoutMs,
    eventsEnabled: events,
    history: HISTORY,
    subscriptions,
  }
}

/** What the types refuse already, for those who write JavaScript. */
function checkCalls(workflow: WorkflowDefinition, { modules, pools }: ScopeParts): void {
  const operations = new Map(modules.map((module) => [module.name, module.operations]))
  const capacity = new Map(pools.map((pool) => [pool.name, pool.units]))
  // Workflows that it calls were checked when they were made.
  for (const { step, address } of everyStep(workflow, ownBlocksOf)) {
    for (const target of [step.call, step.fallback, step.compensate]) {
      if (target === null || !('module' in target)) continue
      const known = operations.get(target.module)
      if (!known) throw new SagachartError('MODULE_NOT_REGISTERED', `Module not registered: ${target.module}`)
      if (!Object.hasOwn(known, target.operation)) {
        const names = Object.keys(known)
        const { module, operation } = target
        throw new SagachartError(
          'OPERATION_UNKNOWN',
          `Step "${address}": module "${module}" has no operation "${operation}"; ${hookRemedy(operation) ?? suggestion(operation, names, `it has ${listed(names)}`)}`,
        )
      }
    }
    for (const { pool, units } of step.resources) {
      const most = capacity.get(pool)
      if (most === undefined)
        throw new SagachartError(
          'WORKFLOW_INVALID',
          `Setup: step "${address}" needs the resource "${pool}", which is not declared; ${suggestion(pool, capacity.keys(), 'declare it')}`,
        )
      if (units > most)
        throw invalid(`step "${address}" needs ${units} units of "${pool}", which has ${most}`)
    }
  }
}

const invalid = (problem: string) => new SagachartError('WORKFLOW_INVALID', `Setup: ${problem}; correct it`)
