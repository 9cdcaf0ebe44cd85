// Reads the expressions of a scenario and judges the names in them: each step that is read must be a dependency, each
// input declared. Who depends on whom is asked only for references that are made.
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import type { Graph } from './check.ts'
import type { Reference } from './expression.ts'
import { reachable } from './graph.ts'
import type { Question } from './graph.ts'
import type { Computed } from './model.ts'
import type { ScenarioDocument, StepDocument } from './schema.ts'
import type { Path } from './source.ts'
import { readTemplate, splitTemplate } from './template.ts'
import type { Broken, Compiler, Found, Template } from './template.ts'

/** What expressions outside of steps may name. */
export interface Names {
  readonly inputs: ReadonlySet<string>
  readonly env: ReadonlySet<string>
}

/** The computed parts of a step. */
export interface StepParts {
  readonly parameters: Computed
  readonly when: Computed | null
  /** The fallback's parameters, or its value. */
  readonly fallback: Computed | null
}

/** The computed parts of a scenario. */
export interface ScenarioParts {
  readonly steps: readonly StepParts[]
  readonly outputs: Readonly<Record<string, Computed>>
}

const STEP_FIELDS = ['output', 'status', 'error', 'attempts']
const RUN_FIELDS: ReadonlySet<string> = new Set(['id', 'scenario', 'started_at'])
const SHORTHAND = '_output'

/** A reference to an existing step, whose being a dependency is yet to be judged. */
interface Use extends Question {
  readonly found: Found
}

/** Reads all expressions of a scenario and reports what is wrong with them. */
export function readExpressions(
  scenario: ScenarioDocument,
  path: Path,
  graph: Graph,
  names: Names,
  compiler: Compiler,
  problems: Problems,
): ScenarioParts {
  const reading = new Reading(scenario, path, graph, names, compiler, problems)
  const steps = scenario.steps.map((step, i) => reading.step(step, i))
  reading.shorthands(steps)
  reading.judgeUses()
  return { steps, outputs: reading.outputs() }
}

class Reading {
  readonly #scenario: ScenarioDocument
  readonly #path: Path
  readonly #graph: Graph
  readonly #names: Names
  readonly #compiler: Compiler
  readonly #problems: Problems
  readonly #uses: Use[] = []
  /** Texts that are shorthands if the step is a dependency. */
  readonly #candidates: { step: number; on: number; path: Path; text: string }[] = []

  constructor(
    scenario: ScenarioDocument,
    path: Path,
    graph: Graph,
    names: Names,
    compiler: Compiler,
    problems: Problems,
  ) {
    this.#scenario = scenario
    this.#path = path
    this.#graph = graph
    this.#names = names
    this.#compiler = compiler
    this.#problems = problems
  }

  step(step: StepDocument, index: number): StepParts {
    const path = [...this.#path, 'steps', index]
    const read = (value: unknown, at: Path): Computed => {
      const template = readTemplate(value, at, this.#compiler, (text, where) => {
        this.#noteCandidate(text, where, index)
        return null
      })
      this.#judge(template, index, `step ${shown(step.name)}`)
      return template.computed
    }
    const { fallback } = step
    return {
      parameters: read(step.parameters ?? {}, [...path, 'parameters']),
      when: step.when === undefined ? null : this.#when(step.when, index, path),
      fallback:
        fallback === undefined
          ? null
          : 'value' in fallback
            ? read(fallback.value, [...path, 'fallback', 'value'])
            : read('parameters' in fallback ? fallback.parameters : {}, [...path, 'fallback', 'parameters']),
    }
  }

  #when(when: string | boolean, index: number, path: Path): Computed {
    if (typeof when === 'boolean') return { kind: 'value', value: when }
    const at = [...path, 'when']
    const what = `step ${shown(this.#scenario.steps[index]!.name)}`
    const pieces = [...splitTemplate(when)].filter(
      (piece) => typeof piece !== 'string' || piece.trim() !== '',
    )
    if (when.includes('${{') && (pieces.length > 1 || typeof pieces[0] === 'string')) {
      const message = `"when" takes one expression, found ${pieces.length} pieces of text and expressions`
      this.#reportBroken({ path: at, source: when, message }, what)
      return { kind: 'value', value: false }
    }
    const text = when.includes('${{') ? when : `\${{ ${when} }}`
    const template = readTemplate(text, at, this.#compiler)
    this.#judge(template, index, what)
    return template.computed
  }

  outputs(): Record<string, Computed> {
    const outputs: Record<string, Computed> = Object.create(null)
    for (const [name, value] of Object.entries(this.#scenario.outputs ?? {})) {
      const template = readTemplate(value, [...this.#path, 'outputs', name], this.#compiler)
      this.#judge(template, null, `the output ${shown(name)}`)
      outputs[name] = template.computed
    }
    return outputs
  }

  #judge({ found, broken }: Template, step: number | null, what: string): void {
    for (const fault of broken) this.#reportBroken(fault, what)
    for (const one of found)
      for (const reference of one.references) this.#judgeOne(one, reference, step, what)
  }

  #reportBroken({ path, source, message }: Broken, what: string): void {
    const remedy = 'see "Data" in the documentation for what an expression may say'
    this.#problems.add({
      code: 'EXPRESSION_INVALID',
      message: `${what}: ${message}`,
      remedy,
      path,
      snippet: source,
    })
  }

  #judgeOne(found: Found, { root, name, field }: Reference, step: number | null, what: string): void {
    if (root === 'steps') this.#judgeStep(found, name, field, step, what)
    else if (root === 'run') this.#known(found, `run.${name}`, name, RUN_FIELDS, 'of a run', what)
    else if (root === 'inputs')
      this.#known(found, `inputs.${name}`, name, this.#names.inputs, 'in integration.inputs', what)
    else this.#known(found, `env.${name}`, name, this.#names.env, 'in integration.env', what)
  }

  #known(
    found: Found,
    reference: string,
    name: string,
    known: ReadonlySet<string>,
    where: string,
    what: string,
  ): void {
    if (known.has(name)) return
    const message = `${what}: the expression reads ${reference}, which is not declared ${where}`
    const remedy = (): string => suggestion(name, known, `declare it, or use one of ${listed(known)}`)
    this.#problems.add({
      code: 'REFERENCE_UNKNOWN',
      message,
      remedy,
      path: found.path,
      snippet: found.source,
    })
  }

  #judgeStep(found: Found, name: string, field: string | null, step: number | null, what: string): void {
    const { path, source: snippet } = found
    const { indexOf } = this.#graph
    const on = indexOf.get(name)
    if (on === undefined) {
      const message = `${what}: the expression reads the step ${shown(name)}, and no step of its scenario has that name`
      const remedy = (): string => suggestion(name, indexOf.keys(), `use one of ${listed(indexOf.keys())}`)
      this.#problems.add({ code: 'REFERENCE_UNKNOWN', message, remedy, path, snippet })
      return
    }
    if (field !== null && !STEP_FIELDS.includes(field)) {
      const message = `${what}: the expression reads ${shown(field)} of the step ${shown(name)}, which has ${STEP_FIELDS.join(', ')}`
      const remedy = (): string => suggestion(field, STEP_FIELDS, `did you mean output.${field}?`)
      this.#problems.add({ code: 'REFERENCE_UNKNOWN', message, remedy, path, snippet })
    }
    if (step !== null) this.#uses.push({ step, on, found })
  }

  #noteCandidate(text: string, path: Path, step: number): void {
    if (!text.endsWith(SHORTHAND)) return
    const on = this.#graph.indexOf.get(text.slice(0, -SHORTHAND.length))
    if (on !== undefined) this.#candidates.push({ step, on, path, text })
  }

  /** Reports references to steps that are no dependencies. In a graph with cycles nothing can be said. */
  judgeUses(): void {
    if (!this.#graph.acyclic) return
    const answers = reachable(this.#graph.dependencies, this.#uses)
    this.#uses.forEach(({ step, on, found }, i) => {
      if (answers[i]) return
      const reader = this.#scenario.steps[step]!.name
      const name = this.#scenario.steps[on]!.name
      const message =
        step === on
          ? `step ${shown(reader)}: the expression reads the step's own ${shown(name)}, which is not there yet`
          : `step ${shown(reader)}: the expression reads the step ${shown(name)}, which is not among its dependencies`
      const remedy = step === on ? 'read another step' : `add ${shown(name)} to depends_on`
      this.#problems.add({
        code: 'REFERENCE_NOT_DEPENDENCY',
        message,
        remedy,
        path: found.path,
        snippet: found.source,
      })
    })
  }

  /** Reads again the steps with a text `<step>_output` that names a dependency. */
  shorthands(steps: StepParts[]): void {
    if (this.#candidates.length === 0 || !this.#graph.acyclic) return
    const answers = reachable(this.#graph.dependencies, this.#candidates)
    const meant = new Map<number, Map<string, string>>()
    this.#candidates.forEach(({ step, on, path, text }, i) => {
      const name = this.#scenario.steps[on]!.name
      if (answers[i]) {
        const texts = meant.get(step) ?? new Map<string, string>()
        meant.set(step, texts.set(text, name))
      } else if (step !== on) {
        const message = `step ${shown(this.#scenario.steps[step]!.name)}: ${shown(text)} stays plain text, for the step ${shown(name)} is not among its dependencies`
        const remedy = `add ${shown(name)} to depends_on if its output is meant`
        this.#problems.add({ code: 'REFERENCE_NOT_DEPENDENCY', severity: 'warning', message, remedy, path })
      }
    })
    for (const [index, texts] of meant) {
      const { parameters, fallback } = this.#scenario.steps[index]!
      const again = (value: unknown): Computed =>
        readTemplate(value, [], this.#compiler, (text) => texts.get(text) ?? null).computed
      const before = steps[index]!
      steps[index] = {
        parameters: again(parameters ?? {}),
        when: before.when,
        fallback:
          fallback === undefined
            ? null
            : again(
                'value' in fallback
                  ? fallback.value
                  : 'parameters' in fallback
                    ? (fallback.parameters ?? {})
                    : {},
              ),
      }
    }
  }
}
