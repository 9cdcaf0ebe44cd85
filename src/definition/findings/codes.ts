// What a definition may be found to have that nothing mends while it runs: the table of codes, and how a document says
// that one of them is meant. Not the search for them: that is findings.ts's, with a file here for each code.
import { listed, shown, suggestion } from '../diagnostic.ts'
import type { Path } from '../source.ts'

/**
 * All that can be found without running anything, and what each says. A finding is never a guess: whatever cannot be
 * decided from the definition alone is left out.
 *
 * | code | is found where |
 * |---|---|
 * | `UNREACHABLE_STEP` | a step, or a branch, that no run can start: its `when` is never true, no value selects its branch, the steps that it needs can't succeed, its loop goes over nothing |
 * | `UNREACHABLE_VERDICT` | a rule of recovery that is never asked: a verdict behind one that always applies, a `retry` where none is granted or would help, a `fallback` or `on_failure` of a step that can't fail, delays between retries that there are none of |
 * | `UNDONE_EFFECT` | a step that calls an operation, and that nothing undoes, though another one that may fail after it makes the run compensate |
 * | `ENDLESS_PATH` | a way through the steps that can't end within the limits: least waits that add up to more, retries that a limit always comes before, a time-out that is over only after its run, a loop that only ITERATION_LIMIT ends |
 */
const FINDINGS = {
  UNREACHABLE_STEP: 'a step or a branch that no run can start',
  UNREACHABLE_VERDICT: 'a rule of recovery that is never asked',
  UNDONE_EFFECT: 'what a step did and nothing undoes, where the run compensates',
  ENDLESS_PATH: "a way through the steps that can't end within the limits",
} as const

/** What can be found, and accepted. */
export type AcceptableCode = keyof typeof FINDINGS

/** The same as a list. */
export const FINDING_CODES = Object.keys(FINDINGS) as readonly AcceptableCode[]

/** In a few words, what a code is found for. */
export const findingText = (code: AcceptableCode): string => FINDINGS[code]

/** All that a finding may be. `STALE_ACCEPTANCE`: something is accepted that is not there, or no more. */
export type FindingCode = AcceptableCode | 'STALE_ACCEPTANCE'

/**
 * Findings that are meant, each with the reason. On a step it covers the step and all that is inside of it; on a workflow,
 * all its steps; on an integration, everything. The innermost one counts; one that covers nothing is found itself.
 */
export type Acceptance = { readonly [TCode in AcceptableCode]?: string }

/** Where a finding is. */
export interface FindingPlace {
  /** The workflow's name; `null` for the integration as a whole. */
  readonly workflow: string | null
  /** The step's address in the workflow, such as `outer/inner`; `null` for the workflow itself. */
  readonly step: string | null
  /** The way to the step: its place in the workflow's list; then, by turns, which list inside of it, and its place there. */
  readonly way: readonly number[]
  /** From the step, the workflow or the document: the key that is meant, in the document's own words. */
  readonly key: Path
}

/** One thing that was found. */
export interface Finding {
  readonly code: FindingCode
  readonly where: FindingPlace
  /** Subject, what is wrong, what was expected, what was found: in one sentence. */
  readonly message: string
  readonly expected: string
  readonly found: string
  /** What to do about it. */
  readonly remedy: string
}

/** What is wrong with an acceptance as it was written, in words; `null` where nothing is. It judges what no compiler has. */
export function acceptanceFault(given: object): string | null {
  for (const [code, reason] of Object.entries(given)) {
    if (!isAcceptable(code)) {
      const known = `there are ${listed(FINDING_CODES)}`
      return `unknown finding ${shown(code)}; ${suggestion(code, FINDING_CODES, known)}`
    }
    if (reason !== undefined && (typeof reason !== 'string' || reason.trim() === ''))
      return `${code}: expected ${REASON_EXPECTED}, found ${shown(reason)}; say why it is meant`
  }
  return null
}

/** What a message says the reason of an acceptance should be. */
export const REASON_EXPECTED = 'the reason, as text that is not empty'

const isAcceptable = (code: string): code is AcceptableCode => Object.hasOwn(FINDINGS, code)
