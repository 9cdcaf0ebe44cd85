// The warehouse: one SQLite file. Each load is one transaction that replaces a whole table, so that a retry, or a run
// on the next day, leaves the same rows as a single one.
import { mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync, type SQLInputValue } from 'node:sqlite'
import type { Day, Month } from './data_processing.ts'

/** What the report is made of. Means are of days, not of months. */
export interface Climate {
  readonly database: string
  readonly months: readonly Month[]
  readonly years: readonly YearOfWeather[]
  readonly kinds: readonly { readonly weather: string; readonly days: number }[]
}

/** One year of days. */
export interface YearOfWeather {
  readonly year: string
  readonly days: number
  readonly precipitation: number
  readonly wet_days: number
  readonly mean_max: number
  readonly mean_min: number
  readonly highest: number
  readonly lowest: number
}

/** How long a statement waits for another process's lock before the attempt fails and is retried. */
const BUSY_MS = 2000

const TABLES = `
  CREATE TABLE IF NOT EXISTS days (
    date TEXT PRIMARY KEY, precipitation REAL NOT NULL, temp_max REAL NOT NULL, temp_min REAL NOT NULL,
    wind REAL NOT NULL, weather TEXT NOT NULL
  ) STRICT;
  CREATE TABLE IF NOT EXISTS months (
    month TEXT PRIMARY KEY, days INTEGER NOT NULL, precipitation REAL NOT NULL, wet_days INTEGER NOT NULL,
    mean_max REAL NOT NULL, mean_min REAL NOT NULL, highest REAL NOT NULL, lowest REAL NOT NULL,
    mean_wind REAL NOT NULL
  ) STRICT;
`

const YEARS = `
  SELECT substr(date, 1, 4) AS year, count(*) AS days, sum(precipitation) AS precipitation,
    sum(precipitation >= 1) AS wet_days, avg(temp_max) AS mean_max, avg(temp_min) AS mean_min,
    max(temp_max) AS highest, min(temp_min) AS lowest
  FROM days GROUP BY year ORDER BY year
`

const KINDS = 'SELECT weather, count(*) AS days FROM days GROUP BY weather ORDER BY days DESC'

export default class DataStorage {
  readonly file: string
  #database: DatabaseSync | null = null

  constructor({ database }: { database: string }) {
    this.file = join(import.meta.dirname, '..', database)
  }

  init() {
    mkdirSync(dirname(this.file), { recursive: true })
    this.#database = new DatabaseSync(this.file, { timeout: BUSY_MS })
    this.#database.exec(TABLES)
  }

  cleanup() {
    this.#database?.close()
  }

  load_days({ days }: { days: readonly Day[] }) {
    return this.#replace('days', days)
  }

  load_months({ months }: { months: readonly Month[] }) {
    return this.#replace('months', months)
  }

  read_climate(): Climate {
    const all = (sql: string) => this.#open.prepare(sql).all()
    return {
      database: this.file,
      months: all('SELECT * FROM months ORDER BY month') as unknown as Month[],
      years: all(YEARS) as unknown as YearOfWeather[],
      kinds: all(KINDS) as unknown as Climate['kinds'],
    }
  }

  get #open(): DatabaseSync {
    if (!this.#database) throw new Error('the database is open from init to cleanup only')
    return this.#database
  }

  /** All rows or none: what was there stays where a row fails. */
  #replace(table: 'days' | 'months', rows: readonly object[]) {
    const database = this.#open
    const columns = Object.keys(rows[0] ?? {})
    database.exec('BEGIN IMMEDIATE')
    try {
      database.exec(`DELETE FROM ${table}`)
      if (columns.length > 0) {
        const places = columns.map((column) => `:${column}`).join(', ')
        const insert = database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${places})`)
        for (const row of rows) insert.run(row as Record<string, SQLInputValue>)
      }
      database.exec('COMMIT')
    } catch (error) {
      if (database.isTransaction) database.exec('ROLLBACK')
      throw error
    }
    return { rows: rows.length }
  }
}
