// An answer as text: what was explored, whether it holds and for how much, and the counterexample where it does not.
import { terminalLine } from '../definition/safe-text.ts'
import type { Answer } from './answer.ts'
import { counterexampleText } from './timeline.ts'

const count = (number: number) => number.toLocaleString('en-US')

const list = (counts: Readonly<Record<string, number | undefined>>) =>
  Object.entries(counts)
    .map(([name, number]) => `${name} ${count(number ?? 0)}`)
    .join(', ')

/** An answer in lines, whatever names and messages hold. */
export function tell(answer: Answer): string[] {
  const { name, outcome, counterexample, endings, faultsSurvived, tookMs } = answer
  const seconds = (tookMs / 1_000).toFixed(1)
  const head = `${name} ${outcome === 'holds' ? 'holds' : 'is violated'}: ${extentOf(answer)}, in ${seconds} s`
  const survived = Object.keys(faultsSurvived).length === 0 ? 'none' : list(faultsSurvived)
  return [
    head,
    `  ended: ${list(endings) || 'never'}`,
    `  faults survived: ${survived}`,
    ...(counterexample ? ['', ...counterexampleText(counterexample)] : coverageLines(answer)),
  ].map(terminalLine)
}

/** `complete for ≤ 2 faults: 18,204 schedules, 3,117 distinct states`. */
export function extentOf({
  isComplete,
  faultsMax,
  schedules,
  states,
  stopped,
  seed,
  counterexample,
}: Answer): string {
  const size = `${count(schedules)} schedules, ${count(states)} distinct states`
  if (counterexample) return `after ${size}`
  if (isComplete) return `complete for ≤ ${faultsMax} faults: ${size}`
  const why =
    stopped === 'time'
      ? ', until its time was over'
      : stopped === 'aborted'
        ? ', until it was told to stop'
        : ''
  return `a sample of ≤ ${faultsMax} faults (seed ${seed}): ${size}${why}`
}

function coverageLines({ charts }: Answer): string[] {
  return charts.map(({ chart, states, transitions }) => {
    const never = states.never.length > 0 ? `, never: ${states.never.join(', ')}` : ''
    return `  ${chart}: ${states.reached} of ${states.total} states, ${transitions.reached} of ${transitions.total} transitions${never}`
  })
}
