// Numbers as a text writes them, held against what they become: 12345678901234567890 would become another number, and 017 is
// seventeen. Whole numbers are exact up to 2^53 - 1; fractions and exponents are rounded, as everywhere.
import { printable } from './diagnostic.ts'
import type { DiagnosticCode, Severity } from './diagnostic.ts'

/** What becomes of a number that does not stay what is written. */
export interface NumberChange {
  readonly code: DiagnosticCode
  /** `error`: the value is another one. `warning`: its notation, its sign or its last digits are lost. */
  readonly severity: Severity
  readonly message: string
  readonly remedy: string
}

/** What becomes of a number of JSON or of YAML's core schema; `null` where it stays what it is. */
export function numberChange(literal: string): NumberChange | null {
  const value = Number(literal)
  const found = printable(literal, 40)
  if (!Number.isFinite(value)) {
    return {
      code: 'NUMBER_NOT_FINITE',
      severity: 'error',
      message: `expected a finite number, found ${found}`,
      remedy: 'write the number out, or quote it as text',
    }
  }
  const isExact = digitsOf(literal) === digitsOf(String(value))
  const change = (severity: Severity, why: string, instead = ''): NumberChange => ({
    code: 'NUMBER_CHANGED',
    severity,
    message: `the number ${found} is read as ${value}: ${why}`,
    remedy: `put it in quotes: as text it stays as it is${instead}`,
  })
  if (Math.abs(value) > Number.MAX_SAFE_INTEGER && (/^[-+]?\d+$|^0[xo]/.test(literal) || !isExact))
    return change(
      'error',
      `whole numbers are exact up to ${Number.MAX_SAFE_INTEGER}`,
      '; or, where it may be rounded, write it with an exponent, as 1.2e19',
    )
  if (value === 0 && !isExact) return change('error', 'it is too small')
  const instead = `; or write ${value}`
  if (Object.is(value, -0)) return change('warning', 'zero has no sign', instead)
  if (/^[-+]?0\d/.test(literal)) return change('warning', 'a leading zero means nothing', instead)
  return isExact ? null : change('warning', 'a number keeps about 16 digits', instead)
}

/** The digits that count: of 0.0120e5 these are 12. Those of another base are never rounded below 2^53. */
function digitsOf(literal: string): string {
  if (/^0[xo]/.test(literal)) return String(Number(literal))
  const [mantissa = ''] = literal.split(/[eE]/, 1)
  const digits = mantissa.replace(/[-+.]/g, '')
  let [from, to] = [0, digits.length]
  while (digits[from] === '0') from++
  while (to > from && digits[to - 1] === '0') to--
  return digits.slice(from, to)
}
