// A counterexample as a Mermaid sequence diagram: the run and its steps as participants, attempts as messages, all else as notes.
import { sequenceText } from '../definition/safe-text.ts'
import type { Counterexample } from './answer.ts'
import type { Moment } from './history.ts'
import { inWords, isTold } from './timeline.ts'

/** The source of a Mermaid sequence diagram. Nothing in a name or a message is read as syntax. */
export function sequenceDiagramOf({ history, rule, message }: Counterexample): string {
  const names = new Map<string, string>()
  const idOf = (name: string) => {
    const id = names.get(name) ?? `p${names.size}`
    names.set(name, id)
    return id
  }
  const run = idOf('run')
  const lines = history.filter(isTold).map((moment) => lineOf(moment, run, idOf))
  const participants = [...names].map(([name, id]) => `  participant ${id} as ${sequenceText(name)}`)
  const broken = `  Note over ${run}: ${sequenceText(`${rule} is broken: ${message}`)}`
  return ['sequenceDiagram', ...participants, ...lines, broken, ''].join('\n')
}

function lineOf(moment: Moment, run: string, idOf: (name: string) => string): string {
  const { kind, step, target, fault } = moment
  const who = step === '' ? run : idOf(step)
  const text = sequenceText(`${fault === null ? '' : `fault ${fault}: `}${inWords(moment)}`)
  if (target === null) return `  Note over ${who}: ${text}`
  if (kind === 'attempt.started') return `  ${run}->>${who}: ${text}`
  const arrow = kind === 'attempt.succeeded' ? '-->>' : '--x'
  return `  ${who}${arrow}${run}: ${text}`
}
