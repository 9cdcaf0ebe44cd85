// Documents, values and events beyond their bounds, from outside: what is said, and what is not paid for it.
import { describe, expect, it } from 'vitest'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ResultDocument } from '../../src/runtime/report/result.ts'
import { flow, folderWith, sagachart, step } from './command.ts'

const M = `let heard = 0
export default {
  op: (parameters) => parameters,
  flood: (_, { emit }) => { for (let i = 0; i < 5000; i++) emit('row', { i }) },
  on: () => { heard++ },
}
`
const withFlow = (document: string) => folderWith({ 'flow.yaml': document, 'modules/m.mjs': M })

describe('limits', () => {
  it('15 MB of a YAML list are refused at a place, in a heap of 256 MB', () => {
    const folder = withFlow(`a: [${'1,'.repeat(7_500_000)}1]`)
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml'], ['--max-old-space-size=256'])
    expect(stderr).toMatch(/^flow\.yaml:1:\d+: error DOCUMENT_TOO_LARGE: .*tokens of YAML/)
    expect(status).toBe(2)
  })

  it('a number of --input that would be another one is refused', () => {
    const document = flow([step('a', 'op')], {}, { inputs: { n: { type: 'number' }, o: { type: 'object' } } })
    const given = (n: string, o: string) =>
      sagachart(withFlow(document), ['run', 'flow.yaml', '--input', `n=${n}`, '--input', `o=${o}`])
    expect(given('9007199254740991', '{"a": 1}').status).toBe(0)
    const { status, stderr } = given('9007199254740993', '{"a": 1, "a": 2}')
    expect(status).toBe(2)
    expect(stderr).toMatch(
      /flow\.yaml:\d+:\d+: error INPUT_INVALID: the input "n": .* is read as 9007199254740992/,
    )
    expect(stderr).toMatch(/flow\.yaml:\d+:\d+: error INPUT_INVALID: the input "o": .* a key is given twice/)
  })

  it('a number that is read, but not as it is written, is a warning, which the result keeps', () => {
    const document = `integration: {modules: [m], scenarios: [{name: s, steps: [
      {name: a, module: m, operation: op, parameters: {zip: 01234}}]}]}`
    const folder = withFlow(document)
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml', '--output', 'r.json'])
    expect(status).toBe(0)
    expect(stderr).toMatch(/^flow\.yaml:2:61: warning NUMBER_CHANGED: the number 01234 is read as 1234/)
    const { warnings } = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as ResultDocument
    expect(warnings).toEqual([expect.stringMatching(/^NUMBER_CHANGED: the number 01234/)])
  })

  it('events that a handler is not told of are told on stderr, in the result and in the log', () => {
    const document = JSON.stringify({
      ...(JSON.parse(flow([step('a', 'flood')])) as object),
      events: { handlers: { row: [{ module: 'm', operation: 'on' }] } },
      logging: { file: 'run.log', format: '%(levelname)s %(message)s' },
    })
    const folder = withFlow(document)
    const { status, stderr } = sagachart(folder, ['run', 'flow.yaml', '--no-drill', '--output', 'r.json'])
    expect(status).toBe(0)
    expect(stderr).toMatch(/The handler m\.on#1 is not told of all events of "row": 1000 so far\n$/)
    const result = JSON.parse(readFileSync(join(folder, 'r.json'), 'utf8')) as ResultDocument
    expect(result.warnings).toEqual([
      expect.stringMatching(/^EVENTS_DROPPED: the handler m\.on#1 was not told of 3999 events of "row"/),
    ])
    expect(result.cross_module_communication.events_dropped).toEqual([
      { handler: 'm.on#1', pattern: 'row', events: 3999 },
    ])
    const log = readFileSync(join(folder, 'run.log'), 'utf8')
    expect(log).toMatch(
      /^WARNING events_dropped from .* \{"handler":"m\.on#1","pattern":"row","events":1000\}$/m,
    )
  })
})
