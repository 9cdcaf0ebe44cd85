// What the three modules hand to each other: named data sets, files in output/staging. The template's steps name them
// (`input: "ingested_data"`), and each module reads what another has left.
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** One reading, as it comes in: temperatures in either unit, numbers as text, names as they were typed. */
export interface RawReading {
  readonly station: string
  readonly at: string
  readonly temperature: number | string
  readonly unit: 'C' | 'F'
}

/** One reading, normalised. */
export interface Reading {
  readonly station: string
  readonly at: string
  readonly celsius: number
}

const here = import.meta.dirname

/** Where results go. */
export const OUTPUT = join(here, 'output')

/** A file that comes with the example. */
export function readData(file: string): unknown {
  return JSON.parse(readFileSync(join(here, 'data', file), 'utf8'))
}

/** A data set that a step has left. @throws where no step has */
export function readSet<T>(name: string): T {
  return JSON.parse(readFileSync(join(OUTPUT, 'staging', `${name}.json`), 'utf8')) as T
}

/** Leaves a data set, whole or not at all: a retry finds the old one or the new one. */
export function leaveSet(name: string, set: unknown): void {
  const folder = join(OUTPUT, 'staging')
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, `.${name}.draft`), JSON.stringify(set))
  renameSync(join(folder, `.${name}.draft`), join(folder, `${name}.json`))
}

/** A reading with its station's name as it should be, and in degrees Celsius. */
export function normalise({ station, at, temperature, unit }: RawReading): Reading {
  const name = station.trim().toLowerCase()
  const degrees = Number(temperature)
  const celsius = unit === 'F' ? ((degrees - 32) * 5) / 9 : degrees
  return { station: name.charAt(0).toUpperCase() + name.slice(1), at, celsius: Math.round(celsius * 10) / 10 }
}
