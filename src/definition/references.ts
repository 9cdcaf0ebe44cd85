// Reads the expressions of a scenario and judges the names in them: each step that is read must be a dependency, or one of
// the step that it is inside of; each input declared. Who depends on whom is asked only for references that are made.
import { listed, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import type { Graph } from './check.ts'
import type { ContextRoot, Reference } from './expression.ts'
import { reachable } from './graph.ts'
import type { Question } from './graph.ts'
import type { Computed } from './model.ts'
import type { ScenarioDocument, StepDocument } from './schema.ts'
import type { Path } from './source.ts'
import { listsOf } from './step-lists.ts'
import { readTemplate, splitTemplate } from './template.ts'
import type { Broken, Compiler, Found, Template } from './template.ts'
import { find, namesSeen, type Level, type Place } from './visibility.ts'

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
  /** The parameters of what undoes it; `null` where none are given. */
  readonly compensate: Computed | null
  /** Of a control step. */
  readonly output: Computed | null
  readonly items: Computed | null
  readonly condition: Computed | null
  readonly filter: Computed | null
  readonly inputs: Computed
  /** Conditions and steps of the lists inside of it, in the order of its definition. */
  readonly inside: readonly { readonly when: Computed | null; readonly steps: readonly StepParts[] }[]
}

/** The computed parts of a scenario. */
export interface ScenarioParts {
  readonly steps: readonly StepParts[]
  readonly outputs: Readonly<Record<string, Computed>>
}

const STEP_FIELDS = ['output', 'status', 'error', 'attempts']
const RUN_FIELDS: ReadonlySet<string> = new Set(['id', 'scenario', 'started_at'])
const SHORTHAND = '_output'

/** Where what exists only in some places does. */
const WHERE: Readonly<Record<ContextRoot, string>> = {
  item: 'inside of an iterative step with for_each',
  index: 'inside of an iterative step',
  input: 'in what compensates a step',
  output: 'in what compensates a step, and in the output of a scenario step',
  event: 'in the filter and the output of a wait for an event',
}

/** A reference to an existing step, whose being a dependency is yet to be judged. */
interface Use extends Question {
  readonly graph: Graph
  readonly found: Found
  readonly what: string
}

/** A text that is a shorthand if the step is a dependency. */
interface Candidate extends Question {
  readonly graph: Graph
  readonly path: Path
  readonly text: string
  /** The step that has the text. */
  readonly reader: StepDocument
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
  const reading = new Reading(names, compiler, problems)
  const level: Level = { graph, outer: null, roots: [] }
  const steps = reading.list(level)
  reading.judgeUses()
  const outputs = reading.outputs(scenario, path, level)
  if (!reading.findShorthands()) return { steps, outputs }
  return { steps: reading.list(level), outputs }
}

class Reading {
  readonly #names: Names
  readonly #compiler: Compiler
  readonly #problems: Problems
  readonly #uses: Use[] = []
  readonly #candidates: Candidate[] = []
  /** By step: the texts that stand for the output of another one. Known in the second reading, which reports nothing. */
  #shorthands: ReadonlyMap<StepDocument, ReadonlyMap<string, string>> | null = null

  constructor(names: Names, compiler: Compiler, problems: Problems) {
    this.#names = names
    this.#compiler = compiler
    this.#problems = problems
  }

  /** Its recursion follows the nesting of the document, which check.ts bounds. */
  list(level: Level): StepParts[] {
    return level.graph.steps.map((step, index) => this.#step(step, index, level))
  }

  outputs(scenario: ScenarioDocument, path: Path, level: Level): Record<string, Computed> {
    const outputs: Record<string, Computed> = Object.create(null)
    for (const [name, value] of Object.entries(scenario.outputs ?? {})) {
      const place = { level, step: null, what: `the output ${shown(name)}`, roots: [] }
      outputs[name] = this.#value(value, [...path, 'outputs', name], place)
    }
    return outputs
  }

  #step(step: StepDocument, index: number, level: Level): StepParts {
    const { graph, roots } = level
    const path = [...graph.path, index]
    const place: Place = { level, step: index, what: `step ${shown(step.name)}`, roots }
    const inner = graph.inside.get(index) ?? []
    const isEach = step.for_each !== undefined
    const within: readonly ContextRoot[] =
      step.type === 'iterative' ? [...roots, 'index', ...(isEach ? (['item'] as const) : [])] : roots
    const all = { ...place, inside: inner, roots: within }
    const { fallback, compensate } = step
    const lists = listsOf(step, path)
    return {
      parameters: this.#value(step.parameters ?? {}, [...path, 'parameters'], place),
      when: step.when === undefined ? null : this.#condition(step.when, [...path, 'when'], place),
      fallback: fallback === undefined ? null : this.#fallback(fallback, [...path, 'fallback'], place),
      compensate:
        compensate?.parameters === undefined
          ? null
          : this.#value(compensate.parameters, [...path, 'compensate', 'parameters'], {
              ...place,
              itself: true,
              roots: [...roots, 'input', 'output'],
            }),
      output: step.output === undefined ? null : this.#output(step, [...path, 'output'], all),
      items: isEach ? this.#items(step.for_each, [...path, 'for_each'], place) : null,
      condition: this.#again(step, path, all),
      filter:
        step.filter === undefined
          ? null
          : this.#condition(step.filter, [...path, 'filter'], { ...place, roots: [...roots, 'event'] }),
      inputs: this.#value(step.inputs ?? {}, [...path, 'inputs'], place),
      inside: inner.map((list, i) => {
        const { when = null, path: at = path } = lists[i] ?? {}
        const condition =
          when === null ? null : this.#condition(when, [...at.slice(0, -1), 'condition'], place)
        return {
          when: condition,
          steps: this.list({ graph: list, outer: { level, step: index }, roots: within }),
        }
      }),
    }
  }

  #fallback(fallback: NonNullable<StepDocument['fallback']>, path: Path, place: Place): Computed {
    if ('value' in fallback) return this.#value(fallback.value, [...path, 'value'], place)
    const parameters = 'parameters' in fallback ? fallback.parameters : undefined
    return this.#value(parameters ?? {}, [...path, 'parameters'], place)
  }

  #output(step: StepDocument, path: Path, all: Place): Computed {
    if (step.type === 'wait')
      return this.#value(step.output, path, { ...all, roots: [...all.roots, 'event'] })
    if (step.type === 'scenario')
      return this.#value(step.output, path, { ...all, roots: [...all.roots, 'output'] })
    return this.#value(step.output, path, all)
  }

  #items(items: StepDocument['for_each'], path: Path, place: Place): Computed {
    if (typeof items !== 'string') return this.#value(items, path, place)
    return this.#expression(items, path, place)
  }

  #again(step: StepDocument, path: Path, all: Place): Computed | null {
    if (step.while !== undefined) return this.#condition(step.while, [...path, 'while'], all)
    return step.until === undefined ? null : this.#condition(step.until, [...path, 'until'], all)
  }

  #value(value: unknown, path: Path, place: Place): Computed {
    const { level, step } = place
    const reader = step === null ? null : level.graph.steps[step]!
    const known = reader && this.#shorthands?.get(reader)
    const template = readTemplate(value, path, this.#compiler, (text, at) => {
      if (this.#shorthands === null && reader) this.#noteCandidate(text, at, place, reader)
      return known?.get(text) ?? null
    })
    this.#judge(template, place)
    return template.computed
  }

  #condition(condition: string | boolean, path: Path, place: Place): Computed {
    if (typeof condition === 'boolean') return { kind: 'value', value: condition }
    return this.#expression(condition, path, place)
  }

  /** One expression, with or without its braces. */
  #expression(source: string, path: Path, place: Place): Computed {
    const pieces = [...splitTemplate(source)].filter(
      (piece) => typeof piece !== 'string' || piece.trim() !== '',
    )
    if (source.includes('${{') && (pieces.length > 1 || typeof pieces[0] === 'string')) {
      const message = `${shown(path.at(-1))} takes one expression, found ${pieces.length} pieces of text and expressions`
      this.#reportBroken({ path, source, message }, place.what)
      return { kind: 'value', value: false }
    }
    const text = source.includes('${{') ? source : `\${{ ${source} }}`
    const template = readTemplate(text, path, this.#compiler)
    this.#judge(template, place)
    return template.computed
  }

  #judge({ found, broken }: Template, place: Place): void {
    if (this.#shorthands !== null) return
    for (const fault of broken) this.#reportBroken(fault, place.what)
    for (const one of found) for (const reference of one.references) this.#judgeOne(one, reference, place)
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

  #judgeOne(found: Found, { root, name, field }: Reference, place: Place): void {
    const { what } = place
    if (root === 'steps') this.#judgeStep(found, name, field, place)
    else if (root === 'run') this.#known(found, `run.${name}`, name, RUN_FIELDS, 'of a run', what)
    else if (root === 'inputs')
      this.#known(found, `inputs.${name}`, name, this.#names.inputs, 'in integration.inputs', what)
    else if (root === 'env')
      this.#known(found, `env.${name}`, name, this.#names.env, 'in integration.env', what)
    else if (!place.roots.includes(root)) {
      const message = `${what}: "${root}" exists only ${WHERE[root]}`
      const { path, source: snippet } = found
      this.#problems.add({
        code: 'EXPRESSION_INVALID',
        message,
        remedy: root === 'input' ? 'did you mean "inputs"?' : 'read something else',
        path,
        snippet,
      })
    }
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

  #judgeStep(found: Found, name: string, field: string | null, place: Place): void {
    const { path, source: snippet } = found
    const { what } = place
    const seen = find(name, place)
    if (seen === null) {
      const message = `${what}: the expression reads the step ${shown(name)}, and no step of its scenario has that name`
      const remedy = (): string => {
        const names = namesSeen(place)
        return suggestion(name, names, `use one of ${listed(names)}`)
      }
      this.#problems.add({ code: 'REFERENCE_UNKNOWN', message, remedy, path, snippet })
      return
    }
    if (field !== null && !STEP_FIELDS.includes(field)) {
      const message = `${what}: the expression reads ${shown(field)} of the step ${shown(name)}, which has ${STEP_FIELDS.join(', ')}`
      const remedy = (): string => suggestion(field, STEP_FIELDS, `did you mean output.${field}?`)
      this.#problems.add({ code: 'REFERENCE_UNKNOWN', message, remedy, path, snippet })
    }
    if (seen !== 'free') this.#uses.push({ ...seen, found, what })
  }

  #noteCandidate(text: string, path: Path, place: Place, reader: StepDocument): void {
    if (!text.endsWith(SHORTHAND)) return
    const seen = find(text.slice(0, -SHORTHAND.length), place)
    if (seen !== null && seen !== 'free') this.#candidates.push({ ...seen, path, text, reader })
  }

  /** Reports references to steps that are no dependencies. In a graph with cycles nothing can be said. */
  judgeUses(): void {
    for (const [graph, uses] of Map.groupBy(this.#uses, (use) => use.graph)) {
      if (!graph.acyclic) continue
      const answers = reachable(graph.dependencies, uses)
      uses.forEach((use, i) => answers[i] || this.#reportStranger(use))
    }
  }

  #reportStranger({ graph, step, on, found, what }: Use): void {
    const reader = graph.steps[step]!.name
    const name = graph.steps[on]!.name
    const [whose, own] =
      what === `step ${shown(reader)}`
        ? ['its', "the step's own"]
        : [`the step ${shown(reader)}'s`, 'the step around it,']
    const message =
      step === on
        ? `${what}: the expression reads ${own} ${shown(name)}, which is not there yet`
        : `${what}: the expression reads the step ${shown(name)}, which is not among ${whose} dependencies`
    const remedy = step === on ? 'read another step' : `add ${shown(name)} to depends_on`
    this.#problems.add({
      code: 'REFERENCE_NOT_DEPENDENCY',
      message,
      remedy,
      path: found.path,
      snippet: found.source,
    })
  }

  /** Finds the texts `<step>_output` that name a dependency. Returns whether there are any. */
  findShorthands(): boolean {
    const meant = new Map<StepDocument, Map<string, string>>()
    for (const [graph, candidates] of Map.groupBy(this.#candidates, (each) => each.graph)) {
      if (!graph.acyclic) continue
      const answers = reachable(graph.dependencies, candidates)
      candidates.forEach(({ step, on, path, text, reader }, i) => {
        const name = graph.steps[on]!.name
        if (answers[i]) {
          const texts = meant.get(reader) ?? new Map<string, string>()
          meant.set(reader, texts.set(text, name))
        } else if (step !== on) {
          const message = `step ${shown(reader.name)}: ${shown(text)} stays plain text, for the step ${shown(name)} is not among its dependencies`
          const remedy = `add ${shown(name)} to depends_on if its output is meant`
          this.#problems.add({ code: 'REFERENCE_NOT_DEPENDENCY', severity: 'warning', message, remedy, path })
        }
      })
    }
    this.#shorthands = meant
    return meant.size > 0
  }
}
