// What a simulation assumes where its stubs do not say: a condition that cannot be computed holds, a list has one item,
// a loop ends, an output is null. Each assumption is noted, in words. Not the stubs: those are in stubs.ts.
import type {
  CompensationDefinition,
  Computed,
  ControlDefinition,
  DataScope,
  IntegrationDefinition,
  OperationCall,
  StepDefinition,
  WorkflowDefinition,
} from '../definition/model.ts'

/** Decides what cannot be computed: one of the ways in which it may go, of which the first is the plainest. */
export type DecideOn = (address: string, ways: readonly unknown[]) => unknown

const first: DecideOn = (_, [plainest]) => plainest

const NOTHING: Computed = { kind: 'value', value: {} }

/**
 * The same definition, without what cannot be computed from stubs. Parameters are left out, for nobody reads them. Events
 * are on: the timeline is made of them.
 */
export function tolerant(
  definition: IntegrationDefinition,
  assumed: Set<string>,
  decide: DecideOn = first,
): IntegrationDefinition {
  const assumptions = new Assumptions(assumed, decide)
  const workflows = definition.workflows.map((workflow) => assumptions.workflow(workflow, ''))
  return { ...definition, eventsEnabled: true, workflows }
}

/** The same for one workflow, with its events as they are. */
export const tolerantWorkflow = (workflow: WorkflowDefinition, decide: DecideOn): WorkflowDefinition =>
  new Assumptions(new Set(), decide).workflow(workflow, '')

class Assumptions {
  private readonly assumed: Set<string>
  private readonly decide: DecideOn
  /** Scenarios that several steps run are made once. */
  private readonly known = new Map<WorkflowDefinition, WorkflowDefinition>()

  constructor(assumed: Set<string>, decide: DecideOn) {
    this.assumed = assumed
    this.decide = decide
  }

  workflow(workflow: WorkflowDefinition, prefix: string): WorkflowDefinition {
    const before = this.known.get(workflow)
    if (before) return before
    const outputs = Object.entries(workflow.outputs).map(
      ([name, output]) =>
        [name, this.orNull(output, `the output ${name} is null, for no --stub gives it`)] as const,
    )
    const made = {
      ...workflow,
      steps: workflow.steps.map((step) => this.step(step, `${prefix}${step.name}`)),
      outputs: Object.fromEntries(outputs),
    }
    this.known.set(workflow, made)
    return made
  }

  private step(step: StepDefinition, address: string): StepDefinition {
    const { call, control, fallback, when, compensate } = step
    return {
      ...step,
      call: call && withoutParameters(call),
      control: control && this.control(control, address),
      fallback:
        fallback === null || 'module' in fallback
          ? fallback && withoutParameters(fallback)
          : this.orNull(fallback, `the fallback of ${address} is null, for no --stub gives it`),
      when:
        when &&
        this.condition(address, when, true, `${address} runs, for no --stub decides whether ${textOf(when)}`),
      compensate: compensate && withoutParameters(compensate),
    }
  }

  private control(control: ControlDefinition, address: string): ControlDefinition {
    const output =
      control.output &&
      this.orNull(control.output, `the output of ${address} is null, for no --stub gives it`)
    const inside = (block: WorkflowDefinition) => this.workflow(block, `${address}/`)
    switch (control.kind) {
      case 'parallel':
        return { ...control, output, block: inside(control.block) }
      case 'conditional':
        return {
          ...control,
          output,
          cases: control.cases.map(({ when, block }) => ({
            when: this.condition(
              address,
              when,
              true,
              `${address} takes a branch, for no --stub decides whether ${textOf(when)}`,
            ),
            block: inside(block),
          })),
          otherwise: control.otherwise && inside(control.otherwise),
        }
      case 'iterative':
        return { ...control, output, over: this.over(control.over, address), block: inside(control.block) }
      case 'wait': {
        const { until } = control
        if (until.kind === 'timer' || until.filter === null) return { ...control, output }
        const what = `${address} takes an event, for no --stub decides whether ${textOf(until.filter)}`
        return {
          ...control,
          output,
          until: { ...until, filter: this.condition(address, until.filter, true, what) },
        }
      }
      case 'scenario': {
        const { inputs, workflow } = control
        const what = `${address} gives no inputs, for no --stub says which`
        return {
          ...control,
          output,
          inputs: this.lenient(address, inputs, [{}], what),
          workflow: this.workflow(workflow, ''),
        }
      }
    }
  }

  private over(over: Extract<ControlDefinition, { kind: 'iterative' }>['over'], address: string) {
    if (over.kind === 'each') {
      const what = `${address} goes over one item, null, for no --stub gives the items`
      return { kind: over.kind, items: this.lenient(address, over.items, [[null], [], [null, null]], what) }
    }
    const what = `${address} ends, for no --stub decides whether ${textOf(over.condition)}`
    return {
      kind: over.kind,
      condition: this.condition(address, over.condition, over.kind === 'until', what),
    }
  }

  private condition(address: string, computed: Computed, otherwise: boolean, what: string): Computed {
    return this.lenient(address, computed, [otherwise, !otherwise], what)
  }

  private orNull(computed: Computed, what: string): Computed {
    return this.lenient('', computed, [null], what)
  }

  /** What cannot be computed, or is null where that would not do, is something else. */
  private lenient(address: string, computed: Computed, ways: readonly unknown[], what: string): Computed {
    if (computed.kind !== 'expression') return computed
    const evaluate = (scope: DataScope) => {
      try {
        const value = computed.evaluate(scope)
        if (value !== null || ways[0] === null) return value
      } catch {
        // What is assumed is noted below, and the reason is always the same: a stub is missing.
      }
      this.assumed.add(what)
      return ways.length === 1 ? ways[0] : this.decide(address, ways)
    }
    return { ...computed, evaluate }
  }
}

const withoutParameters = <TCall extends OperationCall | CompensationDefinition>(call: TCall): TCall => ({
  ...call,
  parameters: NOTHING,
})

const textOf = (computed: Computed) => (computed.kind === 'expression' ? (computed.source ?? '') : '')
