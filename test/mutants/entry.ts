// What a mutant is explored with: the engine and the exploration, bundled together.
export { logicOf } from '../../src/testing/arbitraries.ts'
export { FAULT_KINDS } from '../../src/testing/choice.ts'
export { explore } from '../../src/testing/explore.ts'
