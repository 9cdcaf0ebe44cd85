// What the dearest expressions take until their budget ends them: in a process that has computed nothing before, and in one
// that has; processor time, as everywhere here. Units of work are counted in test/definition/expression-work.test.ts.
//   npm exec -- node bench/expressions.ts
import { spawnSync } from 'node:child_process'
import { compileExpression } from '../src/definition/expression.ts'
import { newBudget } from '../src/definition/operators.ts'
import { table } from './table.ts'

const EXPRESSIONS: Readonly<Record<string, string>> = {
  'pairs of a list': 'inputs.l.all(a, inputs.l.all(b, a + b >= 0))',
  'whole numbers': 'inputs.l.all(a, inputs.l.all(b, 2 * 3 + 4 * 5 > 7 - 100))',
  'failures forgiven': 'inputs.l.exists(a, inputs.l.exists(b, inputs.nope == 1))',
  'lists made': 'inputs.l.map(a, inputs.l.map(b, [b]))',
  'mappings made': 'inputs.l.map(a, {"a": a, "b": a, "c": a, "d": a})',
  'a mapping read': 'inputs.l.all(a, inputs.m.all(k, inputs.m[k] >= 0))',
  'a text counted': 'inputs.l.all(a, size(inputs.s) > 0)',
  'a text sought': `inputs.l.all(a, inputs.t.lastIndexOf("${'x'.repeat(500)}y") < 0)`,
  'a text changed': 'inputs.l.all(a, (inputs.t + "é").upperAscii() != "")',
  'texts joined': 'inputs.l.all(a, (inputs.s + "a") == (inputs.s + "b"))',
}

const list = (length: number) => Array.from({ length }, (_, index) => index)
const inputs = {
  l: list(10_000),
  m: Object.fromEntries(list(1000).map((index) => [`k${index}`, index])),
  s: 'x'.repeat(900_000),
  t: 'x'.repeat(20_000),
}

/** Processor time of one evaluation in milliseconds, and its units of work. */
function measure(text: string): { readonly ms: number; readonly work: number } {
  const expression = compileExpression(text)
  const budget = newBudget()
  const started = process.cpuUsage()
  try {
    expression.evaluate(
      { steps: {}, inputs, run: { id: 'r', scenario: 's', started_at: '' }, env: {} },
      budget,
    )
  } catch {
    // The budget ended it.
  }
  const { user, system } = process.cpuUsage(started)
  return { ms: (user + system) / 1000, work: Math.min(budget.work, budget.max) }
}

const [, script = '', name] = process.argv
if (name !== undefined) console.log(measure(EXPRESSIONS[name]!).ms)
else {
  const rows = Object.entries(EXPRESSIONS).map(([what, text]) => {
    const cold = Math.min(
      ...list(3).map(() => Number(spawnSync(process.execPath, [script, what], { encoding: 'utf8' }).stdout)),
    )
    const warm = list(10).map(() => measure(text))
    const ms = Math.min(...warm.map((each) => each.ms))
    return [what, String(Math.round(warm[0]!.work)), cold.toFixed(1), ms.toFixed(1)]
  })
  console.log(table(['expression', 'units', 'ms, cold', 'ms, warm'], rows, ''))
}
