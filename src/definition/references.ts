// Reads the expressions of a scenario, nested steps included, and judges the names in them: each step that is read must
// be a dependency, each input declared. Where a step may be named from is scopes.ts's. It recurses only over nesting.
import type { Graph } from './check-steps.ts'
import { listed, shown, suggestion } from './diagnostic.ts'
import type { DiagnosticCode, Problems } from './diagnostic.ts'
import type { PlacedRoot, Reference } from './expression.ts'
import type { Computed } from './model.ts'
import type { ScenarioDocument } from './schema.ts'
import { around, ListScope, meantBy, namesAround, standing } from './scopes.ts'
import type { Meant, Scope, Standing } from './scopes.ts'
import type { Path } from './source.ts'
import { unknownField } from './step-fields.ts'
import { listsOf } from './step-lists.ts'
import type { StepListInside } from './step-lists.ts'
import type { ControlStepDocument, StepDocument } from './step-schema.ts'
import { readTemplate, splitTemplate } from './template.ts'
import type { Broken, Compiler, Found, Template } from './template.ts'

/** What expressions outside of steps may name. */
export interface Names {
  readonly inputs: ReadonlySet<string>
  readonly env: ReadonlySet<string>
}

/** The computed parts of a step. */
export interface StepParts {
  /** Of the operation; of a scenario step, its inputs; of an iterative one over items, the items. */
  given: Computed
  when: Computed | null
  /** The fallback's parameters, or its value. */
  fallback: Computed | null
  /** The compensation's parameters. */
  compensate: Computed | null
  /** Those of what undoes the fallback. */
  fallbackCompensate: Computed | null
  /** Of a control step: the conditions that choose its branches, end its loop or filter its events, in their order. */
  conditions: readonly Computed[]
  output: Computed | null
  /** Of the steps inside, in the order of `listsOf`. */
  inside: readonly (readonly StepParts[])[]
}

/** The computed parts of a scenario. */
export interface ScenarioParts {
  readonly steps: readonly StepParts[]
  readonly outputs: Readonly<Record<string, Computed>>
}

const RUN_FIELDS: ReadonlySet<string> = new Set(['id', 'scenario', 'started_at'])
const EVENT_FIELDS: ReadonlySet<string> = new Set(['type', 'data', 'at', 'source'])
const SHORTHAND = '_output'

/** Where names mean something that mean nothing elsewhere. */
const PLACED: Readonly<Record<PlacedRoot, string>> = {
  item: 'inside an iterative step with for_each',
  index: 'inside an iterative step',
  input: 'in the parameters of compensate',
  output: 'in the parameters of compensate and in the output of a scenario step',
  event: 'in the filter and the output of a wait for an event',
}

const NO_ROOTS: ReadonlySet<PlacedRoot> = new Set()
const OF_COMPENSATION: ReadonlySet<PlacedRoot> = new Set(['input', 'output'])
const OF_EVENT: ReadonlySet<PlacedRoot> = new Set(['event'])
const OF_SCENARIO: ReadonlySet<PlacedRoot> = new Set(['output'])
const NO_CONDITIONS: readonly Computed[] = []
const NOTHING_INSIDE: StepParts['inside'] = []

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
  const list = new ListScope(graph, scenario.steps, null, NO_ROOTS)
  const steps = reading.list(list, [...path, 'steps'], '')
  const outputs = reading.outputs(scenario, path, list)
  return { steps, outputs }
}

/** Who reads, and what it may read. */
interface Reader {
  /** Where the step stands. */
  readonly self: Scope
  /** Where its expression stands: there, or around the steps inside of it. */
  readonly scope: Scope
  /** For messages. */
  readonly what: string
  /** What it may read beside what its list may. */
  readonly roots: ReadonlySet<PlacedRoot>
  /** A compensation sees the step itself. */
  readonly seesItself?: true
}

class Reading {
  readonly #names: Names
  readonly #compiler: Compiler
  readonly #problems: Problems

  constructor(names: Names, compiler: Compiler, problems: Problems) {
    this.#names = names
    this.#compiler = compiler
    this.#problems = problems
  }

  /** Reads a list of steps and all that nests in it. Its own questions are answered then. */
  list(list: ListScope, path: Path, prefix: string): StepParts[] {
    const steps = list.steps.map((step, i) => this.#step(step, list.of(i), [...path, i], prefix))
    list.answer()
    return steps
  }

  outputs({ outputs = {} }: ScenarioDocument, path: Path, list: ListScope): Record<string, Computed> {
    const read: Record<string, Computed> = Object.create(null)
    for (const [name, value] of Object.entries(outputs)) {
      const what = `the output ${shown(name)}`
      const template = readTemplate(value, [...path, 'outputs', name], this.#compiler)
      const scope = { list, step: null, outer: null }
      this.#judge(template, { self: scope, scope, what, roots: NO_ROOTS })
      read[name] = template.computed
    }
    return read
  }

  #step(step: StepDocument, scope: Scope, path: Path, prefix: string): StepParts {
    const address = `${prefix}${step.name}`
    const what = `step ${shown(address)}`
    const reader: Reader = { self: scope, scope, what, roots: NO_ROOTS }
    const { fallback, compensate } = step
    const parts: StepParts = {
      given: { kind: 'value', value: {} },
      when: step.when === undefined ? null : this.#condition('when', step.when, reader, [...path, 'when']),
      fallback: null,
      compensate: null,
      fallbackCompensate: null,
      conditions: NO_CONDITIONS,
      output: null,
      inside: NOTHING_INSIDE,
    }
    if (fallback !== undefined) {
      const key = 'value' in fallback ? 'value' : 'parameters'
      const value: unknown =
        'value' in fallback ? fallback.value : 'parameters' in fallback ? fallback.parameters : {}
      this.#read(
        value ?? (key === 'value' ? null : {}),
        reader,
        [...path, 'fallback', key],
        (read) => (parts.fallback = read),
      )
    }
    const own: Reader = {
      ...reader,
      what: `the compensation of ${what}`,
      roots: OF_COMPENSATION,
      seesItself: true,
    }
    if (fallback && 'operation' in fallback && fallback.compensate?.parameters !== undefined) {
      const at = [...path, 'fallback', 'compensate', 'parameters']
      const { parameters } = fallback.compensate
      this.#read(parameters, own, at, (read) => (parts.fallbackCompensate = read))
    }
    if (compensate?.parameters !== undefined) {
      const at = [...path, 'compensate', 'parameters']
      this.#read(compensate.parameters, own, at, (read) => (parts.compensate = read))
    }
    if (step.type === undefined) {
      this.#read(step.parameters ?? {}, reader, [...path, 'parameters'], (read) => (parts.given = read))
    } else this.#control(step, reader, path, address, parts)
    return parts
  }

  #control(step: ControlStepDocument, reader: Reader, path: Path, address: string, parts: StepParts): void {
    const inside = listsOf(step)
    const lists = this.#listsInside(step, inside, reader.scope)
    parts.inside = lists.map((list, i) => this.list(list, [...path, ...inside[i]!.path], `${address}/`))
    const within = { ...reader, scope: around(lists, reader.scope) }
    let output = within
    const ask = (key: string, written: string | boolean, by: Reader, at: Path = [key]): Computed =>
      this.#condition(key, written, by, [...path, ...at])
    switch (step.type) {
      case 'conditional':
        parts.conditions =
          step.cases === undefined
            ? [ask('condition', step.condition ?? false, reader)]
            : step.cases.map((one, i) => ask('when', one.when, reader, ['cases', i, 'when']))
        break
      case 'iterative': {
        const loop = step.while === undefined ? 'until' : 'while'
        if (step.for_each !== undefined) {
          this.#items(step.for_each, reader, [...path, 'for_each'], (items) => (parts.given = items))
        } else if (step[loop] !== undefined) parts.conditions = [ask(loop, step[loop], within)]
        break
      }
      case 'wait':
        if (step.event === undefined) break
        output = { ...reader, roots: OF_EVENT }
        if (step.filter !== undefined) parts.conditions = [ask('filter', step.filter, output)]
        break
      case 'scenario':
        output = { ...reader, roots: OF_SCENARIO }
        this.#read(step.inputs ?? {}, reader, [...path, 'inputs'], (inputs) => (parts.given = inputs))
        break
      case 'parallel':
    }
    if (step.output === undefined) return
    this.#read(step.output, output, [...path, 'output'], (read) => (parts.output = read))
  }

  // A list that could not be judged, for it nests too deep, is left out.
  #listsInside(step: ControlStepDocument, inside: readonly StepListInside[], outer: Scope): ListScope[] {
    const graphs = outer.list.graph.inside.get(outer.step!) ?? []
    const roots = new Set(outer.list.roots)
    if (step.type === 'iterative') {
      roots.add('index')
      if (step.for_each !== undefined) roots.add('item')
    }
    return graphs.map((graph, i) => new ListScope(graph, inside[i]!.steps, outer, roots))
  }

  /** Reads a value; once more, later, where a text `<step>_output` in it turns out to name a dependency. */
  #read(value: unknown, reader: Reader, at: Path, put: (computed: Computed) => void): void {
    const meant = new Map<string, string>()
    // Questions that are open, and this reading itself.
    let open = 1
    const settle = (): void => {
      if (--open > 0 || meant.size === 0) return
      put(readTemplate(value, [], this.#compiler, (text) => meant.get(text) ?? null).computed)
    }
    const template = readTemplate(value, at, this.#compiler, (text, where) => {
      const name = shorthandOf(text)
      const on = name === null ? null : meantBy(name, reader.scope)
      if (name === null || !on) return null
      open++
      standing(on, (how) => {
        if (sees(reader, on, how)) meant.set(text, name)
        else if (how === 'stranger') this.#warnOfText(text, name, on, reader, where)
        settle()
      })
      return null
    })
    this.#judge(template, reader)
    put(template.computed)
    settle()
  }

  #warnOfText(text: string, name: string, on: Meant, reader: Reader, path: Path): void {
    const { whose, key } = dependenciesMeant(on.scope, reader)
    const message = `${reader.what}: ${shown(text)} stays plain text, for the step ${shown(name)} is not among ${whose}`
    const remedy = `add ${shown(name)} to ${key} if its output is meant`
    this.#problems.add({ code: 'REFERENCE_NOT_DEPENDENCY', severity: 'warning', message, remedy, path })
  }

  /** The items of an iteration: a list, or one expression, which may be a text `<step>_output`. */
  #items(written: unknown, reader: Reader, at: Path, put: (computed: Computed) => void): void {
    if (typeof written !== 'string') {
      this.#read(written, reader, at, put)
      return
    }
    const name = shorthandOf(written)
    const isShort = name !== null && meantBy(name, reader.scope) !== null
    const text = isShort ? `steps[${JSON.stringify(name)}].output` : written
    put(this.#expression('for_each', text, reader, at))
  }

  #condition(key: string, written: string | boolean, reader: Reader, at: Path): Computed {
    if (typeof written === 'boolean') return { kind: 'value', value: written }
    return this.#expression(key, written, reader, at)
  }

  /** A text that is one expression, with or without `${{ }}` around it. */
  #expression(key: string, written: string, reader: Reader, at: Path): Computed {
    const pieces = [...splitTemplate(written)].filter(
      (piece) => typeof piece !== 'string' || piece.trim() !== '',
    )
    if (written.includes('${{') && (pieces.length > 1 || typeof pieces[0] === 'string')) {
      const message = `"${key}" takes one expression, found ${pieces.length} pieces of text and expressions`
      this.#reportBroken({ path: at, source: written, message }, reader.what)
      return { kind: 'value', value: false }
    }
    const text = written.includes('${{') ? written : `\${{ ${written} }}`
    const template = readTemplate(text, at, this.#compiler)
    this.#judge(template, reader)
    return template.computed
  }

  #judge({ found, broken }: Template, reader: Reader): void {
    for (const fault of broken) this.#reportBroken(fault, reader.what)
    for (const one of found) for (const reference of one.references) this.#judgeOne(one, reference, reader)
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

  #judgeOne(found: Found, { root, name, field, inner }: Reference, reader: Reader): void {
    const { what } = reader
    const { inputs, env } = this.#names
    if (root === 'steps') this.#judgeStep(found, name, field === null ? [] : [field, ...inner], reader)
    else if (root === 'run') this.#known(found, `run.${name}`, name, RUN_FIELDS, 'of a run', what)
    else if (root === 'inputs')
      this.#known(found, `inputs.${name}`, name, inputs, 'in integration.inputs', what)
    else if (root === 'env') this.#known(found, `env.${name}`, name, env, 'in integration.env', what)
    else if (!reader.roots.has(root) && !reader.scope.list.roots.has(root)) {
      const remedy = root === 'input' ? 'did you mean "inputs"?' : 'read something else'
      const message = `the expression reads "${root}", which exists only ${PLACED[root]}`
      this.#report('EXPRESSION_INVALID', found, what, message, remedy)
    } else if (root === 'event' && name !== '')
      this.#known(found, `event.${name}`, name, EVENT_FIELDS, 'of an event', what)
  }

  #report(
    code: DiagnosticCode,
    { path, source: snippet }: Found,
    what: string,
    message: string,
    remedy: string | (() => string),
  ): void {
    this.#problems.add({ code, message: `${what}: ${message}`, remedy, path, snippet })
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
    const message = `the expression reads ${reference}, which is not declared ${where}`
    const remedy = (): string => suggestion(name, known, `declare it, or use one of ${listed(known)}`)
    this.#report('REFERENCE_UNKNOWN', found, what, message, remedy)
  }

  #judgeStep(found: Found, name: string, fields: readonly string[], reader: Reader): void {
    const { scope, what } = reader
    const meant = meantBy(name, scope)
    if (!meant) {
      const whose = scope.outer ? 'around it' : 'of its scenario'
      const message = `the expression reads the step ${shown(name)}, and no step ${whose} has that name`
      const remedy = (): string =>
        suggestion(name, namesAround(scope), `use one of ${listed(namesAround(scope))}`)
      this.#report('REFERENCE_UNKNOWN', found, what, message, remedy)
      return
    }
    const unknown = unknownField(fields)
    if (unknown) {
      const { field, within, known } = unknown
      const of = `${within === '' ? '' : `${within} of `}the step ${shown(name)}`
      const message = `the expression reads ${shown(field)} of ${of}, which has ${known.join(', ') || 'no fields'}`
      const otherwise = within === '' ? `did you mean output.${field}?` : 'read another field'
      this.#report('REFERENCE_UNKNOWN', found, what, message, () => suggestion(field, known, otherwise))
    }
    standing(meant, (how) => {
      if (!sees(reader, meant, how)) this.#reportStranger(found, name, how, meant.scope, reader)
    })
  }

  #reportStranger(found: Found, name: string, how: Standing, from: Scope, reader: Reader): void {
    const { self, what } = reader
    const step = shown(name)
    if (how === 'itself') {
      const which = from === self ? `step's own ${step}` : `step ${step} that it is inside of`
      const message = `the expression reads the ${which}, which is not there yet`
      this.#report('REFERENCE_NOT_DEPENDENCY', found, what, message, 'read another step')
      return
    }
    const { whose, key } = dependenciesMeant(from, reader)
    const message = `the expression reads the step ${step}, which is not among ${whose}`
    this.#report('REFERENCE_NOT_DEPENDENCY', found, what, message, `add ${step} to ${key}`)
  }
}

/** The name of the step whose output a text may stand for. */
function shorthandOf(text: string): string | null {
  return text.endsWith(SHORTHAND) ? text.slice(0, -SHORTHAND.length) : null
}

function sees({ self, seesItself }: Reader, { scope }: Meant, how: Standing): boolean {
  return how === 'dependency' || (how === 'itself' && seesItself === true && scope === self)
}

/** Whose dependencies decide whether a step may be read, for messages. */
function dependenciesMeant(from: Scope, { self }: Reader): { whose: string; key: string } {
  if (from === self) return { whose: 'its dependencies', key: 'depends_on' }
  const holder = shown(from.list.steps[from.step!]!.name)
  return { whose: `the dependencies of ${holder}, which it is inside of`, key: `depends_on of ${holder}` }
}
