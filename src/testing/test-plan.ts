// What the `testing` section of a document asks of an exploration: which scenarios, which faults, and what stands in for
// operations. Not here: how that is explored.
import { shown, suggestion } from '../definition/diagnostic.ts'
import type { IntegrationDefinition } from '../definition/model.ts'
import { USUAL_FAULTS, type FaultKind } from './choice.ts'

/** The section, as the document has it. */
export interface TestingSection {
  readonly enable_integration_tests?: boolean | undefined
  readonly mock_external_dependencies?: boolean | undefined
  readonly generate_test_data?: boolean | undefined
  readonly test_scenarios?: readonly string[] | undefined
}

/** What is to be explored, and how. */
export interface TestPlan {
  /** `false`: only what needs no run is checked. */
  readonly isEnabled: boolean
  /** Whether the document wants its operations executed. Whoever checks it must want that, too. */
  readonly wantsReal: boolean
  /** Whether operations answer with the examples that their modules give. */
  readonly hasExamples: boolean
  /** Names of scenarios; all where none is named. */
  readonly scenarios: readonly string[]
  /** None: orders alone are explored. */
  readonly kinds: readonly FaultKind[]
}

/** What names in `test_scenarios` mean that are no scenario's. Every order of what happens side by side is always explored. */
const FAMILIES: Readonly<Record<string, readonly FaultKind[]>> = {
  happy_path: [],
  parallel_execution: [],
  resource_exhaustion: ['exhaust', 'leaseLost'],
  error_recovery: USUAL_FAULTS.filter((kind) => kind !== 'exhaust' && kind !== 'leaseLost'),
}

/** Reads the section; a text says what is wrong with it. */
export function testPlanOf(section: TestingSection, { workflows }: IntegrationDefinition): TestPlan | string {
  const names = workflows.map(({ name }) => name)
  const asked = section.test_scenarios ?? []
  const known = [...Object.keys(FAMILIES), ...names]
  const unknown = asked.find((each) => !known.includes(each))
  if (unknown !== undefined) {
    const remedy = suggestion(
      unknown,
      known,
      `name a scenario, or one of ${Object.keys(FAMILIES).join(', ')}`,
    )
    return `testing.test_scenarios names a scenario or a family of faults, found ${shown(unknown)}; ${remedy}`
  }
  const families = asked.filter((each) => Object.hasOwn(FAMILIES, each) && !names.includes(each))
  const kinds = families.length === 0 ? USUAL_FAULTS : families.flatMap((family) => FAMILIES[family]!)
  return {
    isEnabled: section.enable_integration_tests ?? true,
    wantsReal: section.mock_external_dependencies === false,
    hasExamples: section.generate_test_data ?? false,
    scenarios: names.filter((name) => asked.includes(name)),
    kinds: [...new Set(kinds)],
  }
}
