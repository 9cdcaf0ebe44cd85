// Differences between the definition that a run began with and the one that it is to go on with. Pure; the journal decides what
// is done about them. Invariant: steps are compared by name, and nothing recurses, however deep a record says it is.
import { look } from '../foreign.ts'
import { printable } from './diagnostic.ts'
import type { DefinitionRecord, Facts, ListRecord, Recorded, StepRecord } from './identity.ts'

/** Differences that are told; the rest is counted. */
const TOLD_MAX = 8
/** Longest fact in a message, in characters. */
const FACT_LENGTH_MAX = 80

/** Differences, in words: at most so many, and the count of all. */
class Changes {
  private readonly told: string[] = []
  private count = 0

  add(text: string): void {
    if (this.count++ < TOLD_MAX) this.told.push(text)
  }

  /** `null` where there are none. */
  get text(): string | null {
    if (this.count === 0) return null
    const more = this.count - this.told.length
    return `${this.told.join('; ')}${more > 0 ? `; and ${more} more` : ''}`
  }
}

/** Differences in words; `null`: there are none. */
export interface Difference {
  /** The run cannot go on with it. */
  readonly identity: string | null
  /** It can. */
  readonly settings: string | null
}

/** Compares the record of the definition that a run began with to that of another definition. */
export function differenceOf(before: DefinitionRecord, after: DefinitionRecord): Difference {
  const comparison = new Comparison(before, after)
  comparison.compare()
  return { identity: comparison.identity.text, settings: comparison.settings.text }
}

class Comparison {
  readonly identity = new Changes()
  readonly settings = new Changes()
  private readonly before: DefinitionRecord
  private readonly after: DefinitionRecord
  /** Pairs of lists that are still to be compared, with what stands before their steps' names. */
  private readonly open: (readonly [before: number, after: number, prefix: string])[] = []
  private readonly seen = new Set<string>()

  constructor(before: DefinitionRecord, after: DefinitionRecord) {
    this.before = before
    this.after = after
  }

  compare(): void {
    const { before, after, open } = this
    this.both('the whole', before, after)
    if (before.workflows !== after.workflows)
      this.identity.add(`workflows: expected ${before.workflows}, found ${after.workflows}`)
    for (let list = 0; list < Math.min(before.workflows, after.workflows); list++) this.pair(list, list, '')
    for (let next = 0; next < open.length; next++) this.lists(...open[next]!)
  }

  private pair(before: number, after: number, prefix: string): void {
    const key = `${before} ${after}`
    if (this.seen.has(key)) return
    this.seen.add(key)
    this.open.push([before, after, prefix])
  }

  private lists(before: number, after: number, prefix: string): void {
    const [left, right] = [this.before.lists[before]!, this.after.lists[after]!]
    const name = left.identity['name']
    const place =
      typeof name === 'string' ? `workflow ${quoted(name)}` : `the steps in ${quoted(prefix.slice(0, -1))}`
    this.both(place, left, right)
    const found = new Map(right.steps.map((step) => [step.name, step]))
    const expected = new Set(left.steps.map((step) => step.name))
    for (const step of left.steps) {
      const address = `${prefix}${step.name}`
      const same = found.get(step.name)
      if (same) this.steps(address, step, same)
      else this.identity.add(`step ${quoted(address)}: expected it, found no step of that name`)
    }
    for (const { name: own } of right.steps)
      if (!expected.has(own)) this.identity.add(`step ${quoted(prefix + own)}: expected no step of that name`)
    this.order(place, left, right, (own) => found.has(own) && expected.has(own))
  }

  private steps(address: string, before: StepRecord, after: StepRecord): void {
    const place = `step ${quoted(address)}`
    this.both(place, before, after)
    if (before.lists.length !== after.lists.length)
      this.identity.add(
        `${place}: expected ${before.lists.length} lists of steps, found ${after.lists.length}`,
      )
    else before.lists.forEach((list, at) => this.pair(list, after.lists[at]!, `${address}/`))
  }

  /** Of several steps that may start, the first one does. */
  private order(
    place: string,
    left: ListRecord,
    right: ListRecord,
    isInBoth: (name: string) => boolean,
  ): void {
    const [expected, found] = [left, right].map(({ steps }) =>
      steps.map(({ name }) => name).filter((name) => isInBoth(name)),
    )
    const at = expected!.findIndex((name, index) => name !== found![index])
    if (at >= 0)
      this.identity.add(
        `${place}: order of steps: expected ${quoted(expected![at]!)} before ${quoted(found![at]!)}, found it after that`,
      )
  }

  private both(place: string, before: Recorded, after: Recorded): void {
    facts(this.identity, place, before.identity, after.identity)
    facts(this.settings, place, before.settings, after.settings)
  }
}

function facts(changes: Changes, place: string, before: Facts, after: Facts): void {
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
    const [expected, found] = [before, after].map((each) =>
      Object.hasOwn(each, key) ? textOf(each[key]) : 'none',
    )
    if (expected !== found)
      changes.add(`${place}: ${key}: expected ${clip(expected!)}, found ${clip(found!)}`)
  }
}

const textOf = (fact: unknown) => look(() => JSON.stringify(fact), undefined) ?? 'none'
const clip = (text: string) => printable(text, FACT_LENGTH_MAX)
const quoted = (name: string) => JSON.stringify(clip(name))
