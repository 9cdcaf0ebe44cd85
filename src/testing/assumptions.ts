// A simulation's assumptions where its stubs do not say: a condition that cannot be computed holds, a list has one item,
// a loop ends, an output is null. Each assumption is noted, in words. An expression on data that stubs give is computed as in a run,
// and fails as it does there. Not the stubs: those are in stubs.ts.
import { blocksOf } from '../definition/nested.ts'
import type {
  Budget,
  CompensationDefinition,
  Computed,
  ControlDefinition,
  DataScope,
  IntegrationDefinition,
  OperationCall,
  StepDefinition,
  WorkflowDefinition,
} from '../definition/model.ts'
import type { DataSource, Unknowns } from './unknowns.ts'

/** Decides what cannot be computed: one of the ways in which it may go, of which the first is the plainest. */
export type DecideOn = (address: string, ways: readonly unknown[]) => unknown

const first: DecideOn = (_, [plainest]) => plainest

const NOTHING: Computed = { kind: 'value', value: {} }

/** The same definition, with assumptions where an expression cannot be computed because its data are unknown. */
export function tolerant(definition: IntegrationDefinition, unknowns: Unknowns): IntegrationDefinition {
  return withAssumptions(definition, new Assumptions(unknowns, first))
}

/** The same where all data are unknown: a choice decides each expression that cannot be computed. Parameters are left out. */
export function tolerantWith(definition: IntegrationDefinition, decide: DecideOn): IntegrationDefinition {
  return withAssumptions(definition, new Assumptions(null, decide))
}

/** The same for one workflow. */
export const tolerantWorkflow = (workflow: WorkflowDefinition, decide: DecideOn): WorkflowDefinition =>
  new Assumptions(null, decide).scenario(workflow)

function withAssumptions(definition: IntegrationDefinition, assumptions: Assumptions): IntegrationDefinition {
  return { ...definition, workflows: definition.workflows.map((workflow) => assumptions.scenario(workflow)) }
}

/** The place of an expression. */
interface Around {
  /** Before the names of steps, in their addresses. */
  readonly prefix: string
  /** The steps in sight, by name; an inner step hides an outer one, and two branches may have one each. */
  readonly steps: ReadonlyMap<string, readonly StepDefinition[]>
  /** The lists of steps around it, each of which is given an item or inputs. */
  readonly lists: readonly WorkflowDefinition[]
}

/** The assumption that may be made for an expression. */
interface Assumption {
  readonly around: Around
  readonly address: string
  readonly ways: readonly unknown[]
  /** In words; `null`: it is not noted, for it decides nothing. */
  readonly what: string | null
  /** Sources of its data, beside the steps that it names. */
  readonly from?: readonly (DataSource | null)[]
  /** The source whose data it gives. */
  readonly of?: DataSource
}

class Assumptions {
  /** `null`: all data are unknown. */
  private readonly unknowns: Unknowns | null
  private readonly decide: DecideOn
  /** Scenarios that several steps run are made once. */
  private readonly known = new Map<WorkflowDefinition, WorkflowDefinition>()

  constructor(unknowns: Unknowns | null, decide: DecideOn) {
    this.unknowns = unknowns
    this.decide = decide
  }

  /** A list of steps that sees nothing of what is around it. */
  scenario(workflow: WorkflowDefinition): WorkflowDefinition {
    const before = this.known.get(workflow)
    if (before) return before
    const made = this.list(workflow, inside({ prefix: '', steps: new Map(), lists: [] }, [workflow]))
    this.known.set(workflow, made)
    return made
  }

  private list(workflow: WorkflowDefinition, around: Around): WorkflowDefinition {
    const outputs = Object.entries(workflow.outputs).map(([name, output]) => {
      const what = `the output ${name} is null, for no --stub gives it`
      return [name, this.lenient(output, { around, address: '', ways: [null], what })] as const
    })
    return {
      ...workflow,
      steps: workflow.steps.map((step) => this.step(step, around)),
      outputs: Object.fromEntries(outputs),
    }
  }

  private step(step: StepDefinition, around: Around): StepDefinition {
    const address = `${around.prefix}${step.name}`
    const { call, control, fallback, when, compensate } = step
    const runs = (source: string) => `${address} runs, for no --stub decides whether ${source}`
    const undoing = (compensation: CompensationDefinition | null, of: OperationCall | null) =>
      compensation && this.withParameters(compensation, { around, from: [step, of] })
    return {
      ...step,
      call: call && this.withParameters(call, { around, of: call }),
      control: control && this.control(step, control, { ...around, prefix: `${address}/` }, address),
      fallback:
        fallback && 'module' in fallback
          ? {
              ...this.withParameters(fallback, { around, of: fallback }),
              compensate: undoing(fallback.compensate, fallback),
            }
          : fallback &&
            this.lenient(fallback, {
              ...{ around, address: '', ways: [null], of: step },
              what: `the fallback of ${address} is null, for no --stub gives it`,
            }),
      when: when && this.condition(when, true, { around, address, what: runs(textOf(when)) }),
      compensate: undoing(compensate, call),
    }
  }

  /** @param around The step's own, but for the prefix, which is that of the steps inside. */
  private control(
    step: StepDefinition,
    control: ControlDefinition,
    around: Around,
    address: string,
  ): ControlDefinition {
    const within = inside(around, control.kind === 'scenario' ? [] : blocksOf(step))
    const output =
      control.output &&
      this.lenient(control.output, {
        ...{ around: within, address: '', ways: [null], from: [step], of: step },
        what: `the output of ${address} is null, for no --stub gives it`,
      })
    const list = (block: WorkflowDefinition) => this.list(block, inside(around, [block]))
    switch (control.kind) {
      case 'parallel':
        return { ...control, output, block: list(control.block) }
      case 'conditional':
        return {
          ...control,
          output,
          cases: control.cases.map(({ when, block }) => {
            const what = `${address} takes a branch, for no --stub decides whether ${textOf(when)}`
            return { when: this.condition(when, true, { around, address, what }), block: list(block) }
          }),
          otherwise: control.otherwise && list(control.otherwise),
        }
      case 'iterative':
        return {
          ...control,
          output,
          over: this.over(control, within, around, address),
          block: list(control.block),
        }
      case 'wait': {
        const { until } = control
        if (until.kind === 'timer' || until.filter === null) return { ...control, output }
        const what = `${address} takes an event, for no --stub decides whether ${textOf(until.filter)}`
        const filter = this.condition(until.filter, true, { around, address, what })
        return { ...control, output, until: { ...until, filter } }
      }
      case 'scenario': {
        const { inputs, workflow } = control
        const what = `${address} gives no inputs, for no --stub says which`
        return {
          ...control,
          output,
          inputs: this.lenient(inputs, { around, address, ways: [{}], what, of: workflow }),
          workflow: this.scenario(workflow),
        }
      }
    }
  }

  private over(
    { over, block }: Extract<ControlDefinition, { kind: 'iterative' }>,
    within: Around,
    around: Around,
    address: string,
  ) {
    if (over.kind === 'each') {
      const what = `${address} goes over one item, null, for no --stub gives the items`
      const ways = [[null], [], [null, null]]
      return { kind: over.kind, items: this.lenient(over.items, { around, address, ways, what, of: block }) }
    }
    const what = `${address} ends, for no --stub decides whether ${textOf(over.condition)}`
    const ends = over.kind === 'until'
    return {
      kind: over.kind,
      condition: this.condition(over.condition, ends, { around: within, address, what }),
    }
  }

  private condition(computed: Computed, otherwise: boolean, more: Omit<Assumption, 'ways'>): Computed {
    return this.lenient(computed, { ...more, ways: [otherwise, !otherwise] })
  }

  /** No stub reads parameters; they are computed because they may fail. */
  private withParameters<TCall extends OperationCall | CompensationDefinition>(
    call: TCall,
    more: Pick<Assumption, 'around' | 'from' | 'of'>,
  ): TCall {
    const { parameters } = call
    if (this.unknowns === null) return { ...call, parameters: NOTHING }
    return {
      ...call,
      parameters: parameters && this.lenient(parameters, { ...more, address: '', ways: [{}], what: null }),
    }
  }

  /** Where the data are unknown, an assumption stands in for a value that cannot be computed, or for a null that would not do. */
  private lenient(computed: Computed, assumption: Assumption): Computed {
    if (computed.kind !== 'expression') return computed
    const { address, ways, what, of } = assumption
    const evaluate = (scope: DataScope, budget?: Budget) => {
      if (!this.readsUnknown(computed, assumption, scope)) return computed.evaluate(scope, budget)
      if (of) this.unknowns?.add(of)
      try {
        const value = computed.evaluate(scope, budget)
        if (value !== null || ways[0] === null) return value
      } catch {
        // The reason is always the same: a stub is missing. The assumption is noted below.
      }
      if (what !== null) this.unknowns?.assumed.add(what)
      return ways.length === 1 ? ways[0] : this.decide(address, ways)
    }
    return { ...computed, evaluate }
  }

  /** Whether an expression reads unknown data. The output of a step that did not succeed is known: it is null. */
  private readsUnknown(
    { references }: Extract<Computed, { kind: 'expression' }>,
    { around: { steps, lists }, from = [] }: Assumption,
    scope: DataScope,
  ): boolean {
    const { unknowns } = this
    if (unknowns === null) return true
    const read = (references ?? [...steps.keys()]).filter((name) => scope.steps[name]?.status === 'success')
    return [...lists, ...from, ...read.flatMap((name) => steps.get(name) ?? [])].some(
      (source) => source !== null && unknowns.has(source),
    )
  }
}

/** Within lists of steps, of which one runs. */
function inside({ prefix, steps, lists }: Around, blocks: readonly WorkflowDefinition[]): Around {
  const own = Map.groupBy(
    blocks.flatMap((block) => block.steps),
    ({ name }) => name,
  )
  return { prefix, steps: new Map([...steps, ...own]), lists: [...lists, ...blocks] }
}

const textOf = (computed: Computed) => (computed.kind === 'expression' ? (computed.source ?? '') : '')
