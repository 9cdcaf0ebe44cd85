// Whether a list of steps makes sense, with all that nests in it: names, dependencies, cycles, modules, resources,
// verdicts. What a control step's keys say beside each other is check-control.ts's. Nothing recurses over the graph; over
// nesting it does, up to CONTROL_NESTING_MAX.
import { checkControl } from './check-control.ts'
import { STEP_DEFAULTS } from './defaults.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { findCycles } from './graph.ts'
import type { Dependencies } from './graph.ts'
import type { DeclaredInputs } from './inputs.ts'
import { nameFault } from './names.ts'
import type { Path } from './source.ts'
import { listsOf } from './step-lists.ts'
import type { OperationStepDocument, StepDocument } from './step-schema.ts'
import { TYPED_POOL_PREFIXES } from './unbuilt.ts'

/** Deepest nesting of control steps, those of called scenarios included. */
export const CONTROL_NESTING_MAX = 16

/** A list of steps as a graph, by the places of its steps. */
export interface Graph {
  readonly indexOf: ReadonlyMap<string, number>
  /** Unknown dependencies left out, each one once. */
  readonly dependencies: Dependencies
  readonly acyclic: boolean
  /** The lists inside of a step, in the order of `listsOf`; none for a step that nests too deep. */
  readonly inside: ReadonlyMap<number, readonly Graph[]>
}

/** A step of a scenario that runs another. */
export interface ScenarioCall {
  readonly scenario: string
  readonly path: Path
  /** Control steps around it, itself included. */
  readonly depth: number
}

/** What of a scenario's steps matters to the document as a whole. */
export interface Findings {
  readonly calls: ScenarioCall[]
  /** Steps with `compensate`. */
  readonly compensated: { readonly address: string; readonly path: Path }[]
  /** Whether a step may ask for compensation. */
  compensates: boolean
  /** Steps, at all depths. */
  steps: number
  /** Deepest nesting of control steps. */
  depth: number
}

/** What the checks of steps share. */
export interface Known {
  readonly modules: ReadonlySet<string>
  readonly pools: ReadonlyMap<string, number>
  readonly scenarios: ReadonlySet<string>
  readonly inputs: DeclaredInputs
  /** Whether `performance.parallel_execution` allows steps side by side. */
  readonly parallelAllowed: boolean
  readonly problems: Problems
}

/** Where a list of steps stands. */
export interface Place {
  readonly path: Path
  /** Before the names of its steps, in their addresses. */
  readonly prefix: string
  /** Whose steps they are, for a message. */
  readonly owner: string
  /** Control steps around it. */
  readonly depth: number
}

/** Judges a list of steps and all that nests in it, and notes what matters beyond it. */
export function checkList(
  steps: readonly StepDocument[],
  place: Place,
  known: Known,
  findings: Findings,
): Graph {
  const { problems } = known
  const indexOf = new Map<string, number>()
  const inside = new Map<number, readonly Graph[]>()
  findings.steps += steps.length
  steps.forEach((step, i) => {
    const path = [...place.path, i]
    checkUnique('step', step.name, i, indexOf, path, problems)
    const address = `${place.prefix}${step.name}`
    const what = `step ${shown(address)}`
    checkStep(step, path, what, known)
    note(step, path, address, place, findings)
    if (step.type === undefined || step.type === 'wait') return
    if (place.depth >= CONTROL_NESTING_MAX) reportDepth(what, path, problems)
    else {
      findings.depth = Math.max(findings.depth, place.depth + 1)
      const within = { prefix: `${address}/`, owner: what, depth: place.depth + 1 }
      const graphs = listsOf(step).map((one) =>
        checkList(one.steps, { ...within, path: [...path, ...one.path] }, known, findings),
      )
      if (graphs.length > 0) inside.set(i, graphs)
    }
  })
  const dependencies = steps.map((step, i) =>
    dependenciesOf(step, [...place.path, i], place, indexOf, problems),
  )
  const cycles = findCycles(dependencies)
  for (const cycle of cycles) reportCycle(cycle, steps, place, problems)
  return { indexOf, dependencies, acyclic: cycles.length === 0, inside }
}

/** What a step calls beside its operation: in place of it, or to undo one of the two. */
export interface CallBeside {
  /** As messages name it. */
  readonly called: string
  readonly keys: readonly ('fallback' | 'compensate')[]
  readonly module: string | undefined
  readonly operation: string
  /** The module that is meant where none is named. */
  readonly own: string | undefined
}

/** The calls of a step beside its own, in the order of the document. */
export function callsBeside(step: StepDocument): CallBeside[] {
  const { fallback, compensate } = step
  const own = step.type === undefined ? step.module : undefined
  const calls: CallBeside[] = []
  const add = (called: string, keys: CallBeside['keys'], call: Called, meant = own) => {
    calls.push({ called, keys, module: call.module, operation: call.operation, own: meant })
  }
  if (fallback && 'operation' in fallback) {
    add('fallback', ['fallback'], fallback)
    if (fallback.compensate)
      add(
        'compensation of the fallback',
        ['fallback', 'compensate'],
        fallback.compensate,
        fallback.module ?? own,
      )
  }
  if (compensate) add('compensation', ['compensate'], compensate)
  return calls
}

interface Called {
  readonly module?: string | undefined
  readonly operation: string
}

function checkStep(step: StepDocument, path: Path, what: string, known: Known): void {
  if (step.type === undefined) {
    checkModule(what, step.module, [...path, 'module'], known)
    checkResources(step, path, what, known)
  } else checkControl(step, path, what, known)
  if (step.fallback !== undefined && !('value' in step.fallback) && !('operation' in step.fallback)) {
    const message = `${what}: its fallback has neither an operation nor a value`
    const remedy = 'give {module, operation, parameters} or {value}'
    known.problems.add({ code: 'KEY_MISSING', message, remedy, path: [...path, 'fallback'], part: 'key' })
  }
  for (const { called, own, keys, ...target } of callsBeside(step)) {
    if (target.module !== undefined) {
      checkModule(`the ${called} of ${what}`, target.module, [...path, ...keys, 'module'], known)
    } else if (own === undefined) {
      const message = `${what}: its ${called} names no module, and a control step has none of its own`
      const remedy = 'add "module"'
      known.problems.add({ code: 'KEY_MISSING', message, remedy, path: [...path, ...keys], part: 'key' })
    }
  }
  checkVerdicts(step, path, what, known.problems)
}

function note(step: StepDocument, path: Path, address: string, place: Place, findings: Findings): void {
  for (const { keys } of callsBeside(step))
    if (keys.at(-1) === 'compensate') findings.compensated.push({ address, path: [...path, ...keys] })
  if (step.on_failure !== undefined && [step.on_failure].flat().includes('compensate'))
    findings.compensates = true
  if (step.type === 'scenario')
    findings.calls.push({ scenario: step.scenario, path: [...path, 'scenario'], depth: place.depth + 1 })
}

/** Reports steps that nest too deep. */
export function reportDepth(what: string, path: Path, problems: Problems): void {
  const message = `${what}: it nests too deep: at most ${CONTROL_NESTING_MAX} control steps inside each other, those of called scenarios included`
  const remedy = 'move some of its steps further out'
  problems.add({ code: 'NESTING_TOO_DEEP', message, remedy, path: [...path, 'type'], part: 'key' })
}

/** Reports a name that can't be one. */
export function checkName(
  what: string,
  name: string,
  path: Path,
  part: 'key' | 'value',
  problems: Problems,
): void {
  const fault = nameFault(name)
  if (fault === null) return
  const message = `${what}: ${shown(name)} can't be a name: ${fault}`
  const remedy = 'use any printable name without "/", "[" and "]" that is no reserved word'
  problems.add({ code: 'NAME_INVALID', message, remedy, path, part })
}

/** Reports a name that can't be one, or is taken; else it takes it. */
export function checkUnique(
  what: string,
  name: string,
  index: number,
  places: Map<string, number>,
  path: Path,
  problems: Problems,
): void {
  checkName(`${what} ${index + 1}`, name, [...path, 'name'], 'value', problems)
  const first = places.get(name)
  if (first === undefined) places.set(name, index)
  else {
    const message = `${what} ${index + 1}: the name ${shown(name)} is already that of ${what} ${first + 1}`
    problems.add({
      code: 'NAME_DUPLICATE',
      message,
      remedy: 'give each its own name',
      path: [...path, 'name'],
    })
  }
}

const NO_DEPENDENCIES: number[] = []

function dependenciesOf(
  step: StepDocument,
  path: Path,
  place: Place,
  indexOf: ReadonlyMap<string, number>,
  problems: Problems,
): number[] {
  if (step.depends_on === undefined) return NO_DEPENDENCIES
  const found = new Set<number>()
  step.depends_on.forEach((name, i) => {
    const index = indexOf.get(name)
    if (index !== undefined) {
      found.add(index)
      return
    }
    const list = place.depth === 0 ? 'its scenario' : 'its own list'
    const message = `step ${shown(`${place.prefix}${step.name}`)}: it depends on ${shown(name)}, and no step of ${list} has that name`
    const remedy = (): string => suggestion(name, indexOf.keys(), `expected one of ${listed(indexOf.keys())}`)
    problems.add({ code: 'DEPENDENCY_UNKNOWN', message, remedy, path: [...path, 'depends_on', i] })
  })
  return [...found]
}

/** Names of a long cycle that are printed, at its start and in all. */
const CYCLE_SHOWN_MAX = 12

/** A cycle as a message shows it. */
export function cycleText(names: readonly string[]): string {
  const printed =
    names.length <= CYCLE_SHOWN_MAX
      ? names
      : [
          ...names.slice(0, CYCLE_SHOWN_MAX - 2),
          `… ${names.length - CYCLE_SHOWN_MAX} more …`,
          ...names.slice(-1),
        ]
  return printed.join(' → ')
}

function reportCycle(
  cycle: readonly number[],
  steps: readonly StepDocument[],
  place: Place,
  problems: Problems,
): void {
  const names = cycle.map((index) => steps[index]!.name)
  const message = `${place.owner}: steps depend on each other in a cycle: ${cycleText(names)}`
  const [first, second] = [cycle[0]!, names[1]!]
  const at = steps[first]!.depends_on?.indexOf(second) ?? 0
  const path = [...place.path, first, 'depends_on', at]
  problems.add({ code: 'DEPENDENCY_CYCLE', message, remedy: 'remove one of these dependencies', path })
}

/** Reports a module that the document does not list. */
export function checkModule(
  what: string,
  module: string,
  path: Path,
  { modules, problems }: Pick<Known, 'modules' | 'problems'>,
): void {
  if (modules.has(module)) return
  const message = `Module not registered: ${module}: ${what} calls it, and integration.modules does not list it`
  const remedy = (): string =>
    suggestion(module, modules, `add it to integration.modules, or use one of ${listed(modules)}`)
  problems.add({ code: 'MODULE_NOT_REGISTERED', message, remedy, path })
}

function checkResources(
  step: OperationStepDocument,
  path: Path,
  what: string,
  { pools, problems }: Known,
): void {
  if (step.resources === undefined) return
  const needs = step.resources.map((need) => (typeof need === 'string' ? { name: need } : need))
  const taken = new Map<string, number>()
  needs.forEach((need, i) => {
    const at = [...path, 'resources', i]
    const capacity = pools.get(need.name)
    const units =
      (taken.get(need.name) ?? 0) +
      ('units' in need ? (need.units ?? STEP_DEFAULTS.units) : STEP_DEFAULTS.units)
    taken.set(need.name, units)
    if (capacity !== undefined) {
      if (units <= capacity) return
      const message = `${what}: it takes ${units} units of ${shown(need.name)}, which has ${capacity}`
      const remedy = `take at most ${capacity}, or enlarge the pool`
      problems.add({ code: 'RESOURCE_OVER_CAPACITY', message, remedy, path: at })
    } else if (TYPED_POOL_PREFIXES.some((prefix) => need.name.startsWith(prefix))) {
      const message = `${what}: ${shown(need.name)} is not declared, and typed pools are not built yet`
      const remedy = `declare it in resources.pools, as {units: …}`
      problems.add({ code: 'NOT_BUILT_YET', message, remedy, path: at })
    } else {
      const message = `${what}: the resource ${shown(need.name)} is not declared`
      const remedy = (): string =>
        suggestion(need.name, pools.keys(), 'declare it in resources.pools, as {units: …}')
      problems.add({ code: 'RESOURCE_UNKNOWN', message, remedy, path: at })
    }
  })
}

function checkVerdicts(step: StepDocument, path: Path, what: string, problems: Problems): void {
  if (step.on_failure === undefined || step.fallback !== undefined) return
  const verdicts = [step.on_failure].flat()
  const useless = (verdict: string, why: string, remedy: string): void => {
    const message = `${what}: the verdict ${verdict} never applies, for the step ${why}`
    problems.add({
      code: 'KEY_WITHOUT_EFFECT',
      severity: 'warning',
      message,
      remedy,
      path: [...path, 'on_failure'],
      part: 'key',
    })
  }
  if (verdicts.includes('fallback')) {
    useless('fallback', 'declares no fallback', 'add a fallback, or remove the verdict')
  }
  if (verdicts.includes('degradation') && !verdicts.includes('skip')) {
    const remedy = 'add a fallback, list skip as well, or remove the verdict'
    useless('degradation', 'neither declares a fallback nor lists skip', remedy)
  }
}
