// Saves what was processed, judges what was analysed, and writes the report.
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { OUTPUT, readSet, type Reading } from '../readings.ts'

interface Station {
  readonly station: string
  readonly count: number
  readonly sum: number
  readonly lowest: number
  readonly highest: number
}

interface Kelvin {
  readonly station: string
  readonly at: string
  readonly kelvin: number
}

/** Each station reported on so many days. */
const DAYS = 14

/** Shares of what should be: 1 is perfect. */
const METRICS: Readonly<
  Record<string, (stations: readonly Station[], readings: readonly Kelvin[]) => number>
> = {
  accuracy: (_, readings) => share(readings, ({ kelvin }) => kelvin > 200 && kelvin < 330),
  completeness: (stations) => share(stations, ({ count }) => count === DAYS),
  consistency: (stations, readings) =>
    share(
      stations,
      ({ station, count }) => readings.filter((each) => each.station === station).length === count,
    ),
}

const share = <T>(all: readonly T[], holds: (each: T) => boolean) =>
  all.length === 0 ? 0 : all.filter(holds).length / all.length

export default class Store {
  #quality: Record<string, number> = {}

  save_results({ data, destination, table }: { data: string; destination: string; table: string }) {
    if (destination !== 'database') throw new TypeError(`results go to a database, not to ${destination}`)
    if (!/^\w+$/.test(table)) throw new TypeError(`${table} is no name of a table`)
    const readings = readSet<Reading[]>(data)
    mkdirSync(OUTPUT, { recursive: true })
    const database = new DatabaseSync(join(OUTPUT, 'integration.db'))
    try {
      // One transaction that replaces the rows: a retry leaves what a single try does.
      database.exec(
        `CREATE TABLE IF NOT EXISTS ${table} (station TEXT, at TEXT, celsius REAL, PRIMARY KEY (station, at))`,
      )
      database.exec('BEGIN IMMEDIATE')
      database.exec(`DELETE FROM ${table}`)
      const insert = database.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`)
      for (const { station, at, celsius } of readings) insert.run(station, at, celsius)
      database.exec('COMMIT')
    } finally {
      database.close()
    }
    return { table, rows: readings.length }
  }

  quality_check({ threshold, metrics }: { threshold: number; metrics: readonly string[] }) {
    const stations = merged(readSet<Station[]>('analysis'))
    const readings = readSet<Kelvin[]>('transformation')
    for (const metric of metrics) {
      const measure = METRICS[metric]
      if (!measure) throw new TypeError(`no metric is called ${metric}`)
      this.#quality[metric] = measure(stations, readings)
    }
    const poor = Object.entries(this.#quality).filter(([, value]) => value < threshold)
    if (poor.length > 0)
      throw new Error(`below ${threshold}: ${poor.map(([name, value]) => `${name} ${value}`).join(', ')}`)
    return { threshold, metrics: this.#quality }
  }

  generate_report(options: { format: string; include_metrics: boolean; include_visualizations: boolean }) {
    const stations = merged(readSet<Station[]>('analysis'))
    const lines = [
      '# Stations',
      '',
      '| station | days | mean °C | lowest | highest |',
      '| --- | ---: | ---: | ---: | ---: |',
    ]
    for (const { station, count, sum, lowest, highest } of stations)
      lines.push(`| ${station} | ${count} | ${(sum / count).toFixed(1)} | ${lowest} | ${highest} |`)
    if (options.include_metrics)
      lines.push(
        '',
        '## Quality',
        '',
        ...Object.entries(this.#quality).map(([name, value]) => `- ${name}: ${value}`),
      )
    if (options.include_visualizations) lines.push('', '## Span', '', '```', ...stations.map(spanLine), '```')
    if (options.format === 'comprehensive')
      lines.push('', `${stations.reduce((sum, { count }) => sum + count, 0)} readings.`)
    const file = join(OUTPUT, 'report.md')
    mkdirSync(OUTPUT, { recursive: true })
    writeFileSync(file, `${lines.join('\n')}\n`)
    return { file, stations: stations.length }
  }
}

/** One row a station, from the sums of all threads. */
function merged(parts: readonly Station[]): Station[] {
  const stations = new Map<string, Station>()
  for (const part of parts) {
    const other = stations.get(part.station)
    stations.set(
      part.station,
      other
        ? {
            station: part.station,
            count: other.count + part.count,
            sum: other.sum + part.sum,
            lowest: Math.min(other.lowest, part.lowest),
            highest: Math.max(other.highest, part.highest),
          }
        : part,
    )
  }
  return [...stations.values()].toSorted((a, b) => a.station.localeCompare(b.station))
}

function spanLine({ station, lowest, highest }: Station): string {
  const column = (celsius: number) => Math.round(celsius) + 15
  return `${station.padEnd(8)}${' '.repeat(column(lowest))}${'█'.repeat(Math.max(1, column(highest) - column(lowest)))} ${lowest}…${highest}`
}
