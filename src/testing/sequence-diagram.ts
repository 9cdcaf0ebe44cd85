// A counterexample as a Mermaid sequence diagram: the run and its steps as participants, attempts as messages, all else as notes.
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
  const participants = [...names].map(([name, id]) => `  participant ${id} as ${plain(name)}`)
  const broken = `  Note over ${run}: ${plain(`${rule} is broken: ${message}`)}`
  return ['sequenceDiagram', ...participants, ...lines, broken, ''].join('\n')
}

function lineOf(moment: Moment, run: string, idOf: (name: string) => string): string {
  const { kind, step, target, fault } = moment
  const who = step === '' ? run : idOf(step)
  const text = plain(`${fault === null ? '' : `fault ${fault}: `}${inWords(moment)}`)
  if (target === null) return `  Note over ${who}: ${text}`
  if (kind === 'attempt.started') return `  ${run}->>${who}: ${text}`
  const arrow = kind === 'attempt.succeeded' ? '-->>' : '--x'
  return `  ${who}${arrow}${run}: ${text}`
}

const LOOKALIKES: Readonly<Record<string, string>> = {
  '#': '\u266f',
  ';': ',',
  '<': '\u2039',
  '>': '\u203a',
  '\n': ' ',
}

/** Text without what Mermaid reads as syntax. Its own entities are no way out: in notes they stay what they are. */
const plain = (text: string) => text.replace(/[#;<>\n]/g, (character) => LOOKALIKES[character]!)
