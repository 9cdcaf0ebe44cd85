// A counterexample as a Mermaid sequence diagram: the run, its steps and modules as participants, attempts as messages.
import type { Counterexample } from './answer.ts'
import type { Moment } from './history.ts'
import { timelineOf } from './timeline.ts'

/** The source of a Mermaid sequence diagram. Names are quoted as Mermaid wants them: nothing in a name is syntax. */
export function sequenceDiagramOf({ history, rule, message }: Counterexample): string {
  const names = new Map<string, string>()
  const idOf = (name: string) => {
    const id = names.get(name) ?? `p${names.size}`
    names.set(name, id)
    return id
  }
  const run = idOf('run')
  const lines = history.flatMap((moment) => {
    const [told] = timelineOf([moment])
    return told === undefined ? [] : [lineOf(moment, told.trim(), run, idOf)]
  })
  const participants = [...names].map(([name, id]) => `  participant ${id} as ${quoted(name)}`)
  const broken = `  Note over ${run}: ${quoted(`${rule} is broken: ${message}`)}`
  return ['sequenceDiagram', ...participants, ...lines, broken, ''].join('\n')
}

function lineOf(
  { kind, step, attempt, fault, detail }: Moment,
  told: string,
  run: string,
  idOf: (name: string) => string,
): string {
  const who = step === '' ? run : idOf(step)
  const mark = fault === null ? '' : `fault ${fault}: `
  switch (kind) {
    case 'attempt.started':
      return `  ${run}->>${who}: attempt ${attempt}`
    case 'attempt.succeeded':
      return `  ${who}-->>${run}: ${mark}succeeded`
    case 'attempt.failed':
    case 'attempt.stopped':
      return `  ${who}--x${run}: ${quoted(`${mark}${kind === 'attempt.failed' ? 'failed' : 'stopped'}`)}`
    case 'module.started':
      return `  ${run}->>${who}: ${quoted(detail)}`
    case 'module.answered':
      return `  ${who}-->>${run}: ${quoted(mark + detail)}`
    default: {
      const text = told
        .replace(/^\S+ (ms|s|min)\s+/, '')
        .replace(/^!\s+/, '')
        .replace(/\s{2,}/g, ': ')
      return `  Note over ${who}: ${quoted(mark + text)}`
    }
  }
}

/** Text that Mermaid takes as text: what it reads as syntax is written as an entity. */
const quoted = (text: string) =>
  text.replace(/[#;<>"\n]/g, (character) => (character === '\n' ? ' ' : `#${character.codePointAt(0)};`))
