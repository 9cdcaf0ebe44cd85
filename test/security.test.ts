// Holds SECURITY.md against the sources: each bound is the constant's, and each test that a row names is there.
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const read = (file: string) => readFileSync(join(ROOT, file), 'utf8')

/** The cells of the tables below a heading. */
function rows(heading: string): string[][] {
  const [, section = ''] = read('SECURITY.md').split(`\n## ${heading}\n`)
  const lines = section.split('\n## ', 1)[0]!.split('\n')
  return lines
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) => line.split(/(?<!\\)\|/).slice(1, -1))
}

const sources = globSync(['{src,machines}/**/*.ts'], { cwd: ROOT }).map(read)

/** What a constant is, written as a number or a product of numbers. */
function valueOf(name: string): number | undefined {
  for (const source of sources) {
    const [, product] = new RegExp(`const ${name} = ([\\d_* ]+)\n`).exec(source) ?? []
    if (product) return product.split('*').reduce((all, part) => all * Number(part.replaceAll('_', '')), 1)
  }
  return undefined
}

describe('SECURITY.md', () => {
  it.each(rows('Bounds'))('has the number of each bound: %s', (_, bounds, constants) => {
    const names = [...constants!.matchAll(/`(\w+)`/g)].map(([, name]) => name!)
    const numbers = bounds!.match(/\d[\d,]*\d|\d/g)!.map((number) => Number(number.replaceAll(',', '')))
    expect(numbers).toEqual(names.map(valueOf))
  })

  it.each(rows('Attacks'))('names the tests of each attack: %s', (...row) => {
    const tests = [...row.at(-1)!.matchAll(/`(test\/[^`]+\.test\.ts)`(?:: ([^`]*?))?(?=[.,]? `test\/|\s*$)/g)]
    expect(tests).toHaveLength(row.at(-1)!.split('`test/').length - 1)
    expect(tests).not.toEqual([])
    for (const [, file, names = ''] of tests)
      for (const name of names.split(';')) expect(read(file!)).toContain(name.trim())
  })
})
