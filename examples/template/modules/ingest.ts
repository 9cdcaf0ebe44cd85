// Takes readings in, in batches, and says whether they are of the form that is asked for.
import { setImmediate as breathe } from 'node:timers/promises'
import type { OperationContext } from 'sagachart'
import { leaveSet, readData, type RawReading } from '../readings.ts'

interface Config {
  readonly ingestion_batch_size: number
  readonly validation_enabled: boolean
}

interface Schema {
  readonly required: readonly string[]
  /** Patterns of the fields' values, as text. */
  readonly fields: Readonly<Record<string, string>>
}

export default class Ingest {
  readonly #config: Config

  constructor(config: Config) {
    this.#config = config
  }

  async ingest_data({ source, format }: { source: string; format: string }, { signal }: OperationContext) {
    const readings = readData(`${source}.${format}`) as RawReading[]
    const size = this.#config.ingestion_batch_size
    const taken: RawReading[] = []
    for (let from = 0; from < readings.length; from += size) {
      signal.throwIfAborted()
      taken.push(...readings.slice(from, from + size))
      await breathe()
    }
    leaveSet('ingested_data', taken)
    return { rows: taken.length, batches: Math.ceil(readings.length / size) }
  }

  validate_input({ strict, schema }: { strict: boolean; schema: string }) {
    if (!this.#config.validation_enabled) return { checked: 0 }
    const { required, fields } = readData(schema) as Schema
    const readings = readData('sample_data.json') as Record<string, unknown>[]
    const faults = readings.flatMap((reading, row) => [
      ...required.filter((field) => !(field in reading)).map((field) => `row ${row} has no ${field}`),
      ...Object.entries(reading).flatMap(([field, value]) => {
        const pattern = fields[field]
        if (pattern === undefined) return strict ? [`row ${row} has a field ${field} that is not known`] : []
        return new RegExp(pattern, 'u').test(String(value))
          ? []
          : [`row ${row}: ${field} is ${String(value)}`]
      }),
    ])
    if (faults.length > 0)
      throw Object.assign(new Error(faults.slice(0, 5).join('; ')), { name: 'InvalidInput' })
    leaveSet('validated_input', readings)
    return { checked: readings.length }
  }
}
