// `sagachart schema`: what it prints, and where.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import { describe, expect, it } from 'vitest'
import { flow, folderWith, sagachart, step } from './command.ts'

const folder = folderWith({})
const schema = (...args: string[]) => sagachart(folder, ['schema', ...args])

describe('schema', () => {
  it('prints a schema that a validator takes', () => {
    const { status, stdout, stderr } = schema()
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    const fits = new Ajv2020({ allowUnionTypes: true }).compile(JSON.parse(stdout) as object)
    expect(fits(JSON.parse(flow([step('a', 'ok')])))).toBe(true)
    expect(fits(JSON.parse(flow([step('a', 'ok', { retry_cuont: 1 })])))).toBe(false)
    expect(schema('--json').stdout).toBe(stdout)
  })

  it('writes a file where it is told to, and then nothing on stdout', () => {
    expect(schema('--output', 'editor/schema.json')).toEqual({ status: 0, stdout: '', stderr: '' })
    expect(readFileSync(join(folder, 'editor/schema.json'), 'utf8')).toBe(schema().stdout)
  })

  it('says how an editor finds it', () => {
    const { status, stdout } = schema('--help')
    expect(status).toBe(0)
    expect(stdout).toContain('# yaml-language-server: $schema=./sagachart.schema.json')
    expect(stdout).toMatch(/Examples:\n {2}sagachart schema/)
  })

  it.each([
    [['--output', '.'], 'give another --output'],
    [['--outptu', 'x'], '(Did you mean --output?)'],
    [['flow.yaml'], 'too many arguments'],
  ])('ends with 2 for %j, and says why', (args, why) => {
    const { status, stdout, stderr } = schema(...args)
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toContain(why)
    expect(stderr).not.toMatch(/^\s+at /m)
  })
})
