// The options that say what comes from outside while a simulation runs. The grammar of --cancel and --signal is here, and
// nowhere else.
import { shown, suggestion } from '../definition/diagnostic.ts'
import { DURATION_EXPECTED, durationMs } from '../definition/duration.ts'
import { readJson } from '../definition/json.ts'
import type { IntegrationDefinition } from '../definition/model.ts'
import type { Appointment } from '../testing/appointments.ts'
import { everyList, StepAddresses } from '../testing/step-address.ts'

/** The options that say what comes from outside. */
export interface OutsideOptions {
  readonly cancel: readonly string[]
  readonly signal: readonly string[]
}

/** What options ask for, in the order in which they were given, or what is wrong with them. */
export function readOutside(
  definition: IntegrationDefinition,
  { cancel, signal }: OutsideOptions,
): readonly Appointment[] | string {
  const addresses = new StepAddresses(definition.workflows)
  const events = new Set(
    [...everyList(definition.workflows)].flatMap(({ steps }) =>
      steps.flatMap(({ control }) =>
        control?.kind === 'wait' && control.until.kind === 'event' ? control.until.event : [],
      ),
    ),
  )
  const read = [
    ...cancel.map((given) => readCancel(given, addresses)),
    ...signal.map((given) => readSignal(given, events)),
  ]
  const problem = read.find((each) => typeof each === 'string')
  return problem ?? read.filter((each) => typeof each !== 'string')
}

function readCancel(given: string, addresses: StepAddresses): Appointment | string {
  const cut = given.lastIndexOf('@')
  const atMs = timeOf(given.slice(cut + 1))
  if (atMs === null) {
    return `--cancel takes TIME or STEP@TIME, found ${shown(given)}; a time is ${DURATION_EXPECTED}`
  }
  if (cut < 0) return { atMs, event: { type: 'run.cancel' } }
  const name = given.slice(0, cut)
  const found = addresses.find(name)
  if (found.length > 1) {
    const full = found.map(({ scenario, address }) => `${scenario}/${address}`).join(', ')
    return `--cancel cancels one step, and several are called "${name}": ${full}; name one of these`
  }
  const [only] = found
  if (only) return { atMs, event: { type: 'run.cancelStep', step: `${only.scenario}/${only.address}` } }
  const remedy = addresses.remedy(name, 'name a step, or scenario/step')
  return `--cancel names a step of the document, found ${shown(name)}; ${remedy}`
}

function readSignal(given: string, events: ReadonlySet<string>): Appointment | string {
  const [, name, time = '', text] = /^(.+?)@([\d.]+\s*[a-z]*)(?:=(.*))?$/s.exec(given) ?? []
  const atMs = timeOf(time)
  if (name === undefined || atMs === null) {
    return `--signal takes NAME@TIME or NAME@TIME=JSON, found ${shown(given)}; a time is ${DURATION_EXPECTED}`
  }
  if (!events.has(name)) {
    const remedy =
      events.size === 0
        ? 'the document has no such step'
        : suggestion(name, events, `name one of ${[...events].join(', ')}`)
    return `--signal names an event that a step waits for, found ${shown(name)}; ${remedy}`
  }
  const read = readJson(text ?? 'null')
  if ('problem' in read) {
    return `--signal ${name}: its data is JSON, found ${shown(text)}: ${read.problem}; text is written in quotes, as '"text"'`
  }
  return { atMs, event: { type: 'run.signal', event: name, data: read.value } }
}

/** A bare number counts in seconds, as in documents. */
const timeOf = (text: string) => durationMs(/^\d+(\.\d+)?$/.test(text) ? Number(text) : text)
