// Every planted mistake is found by exploration, by the rule that is meant to notice it, and nothing is found without one.
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { MUTANTS } from './catalogue.ts'
import { find, FIND_MS_MAX } from './find.ts'

describe('planted mistakes', () => {
  it('are many, in every part of the engine, each with a name of its own', () => {
    const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
    expect(readme).toContain(`${MUTANTS.length} mistakes are planted`)
    expect(new Set(MUTANTS.map(({ name }) => name)).size).toBe(MUTANTS.length)
    const areas = new Set(MUTANTS.map(({ area }) => area))
    expect([...areas].toSorted()).toEqual([
      'bus',
      'compensation',
      'journal',
      'module',
      'resource',
      'step',
      'workflow',
    ])
    expect(MUTANTS.filter(({ museum }) => museum !== undefined)).toHaveLength(8)
  })

  it.each(MUTANTS)('$area: $name', { timeout: 2 * FIND_MS_MAX }, async (mutant) => {
    const found = await find(mutant)
    expect(found?.rule).toBe(mutant.rule)
  })

  it('are what is found: without one, every subject holds', { timeout: 2 * FIND_MS_MAX }, async () => {
    const subjects = new Map(MUTANTS.map((mutant) => [`${mutant.subject} ${mutant.hasBus}`, mutant]))
    for (const mutant of subjects.values()) {
      if (mutant.subject === 'cyclic') continue
      expect(await find({ ...mutant, patches: [] }), mutant.subject).toBeNull()
    }
  })
})
