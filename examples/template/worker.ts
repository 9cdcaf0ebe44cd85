// A worker thread: does one task with its share of the readings, answers, and ends.
import { parentPort, workerData } from 'node:worker_threads'
import type { Reading } from './readings.ts'

const { task, readings } = workerData as { task: 'analysis' | 'transformation'; readings: readonly Reading[] }

/** Sums by station, which can be added to those of other threads. */
function analyse(): object[] {
  const stations = Map.groupBy(readings, ({ station }) => station)
  return [...stations].map(([station, all]) => ({
    station,
    count: all.length,
    sum: all.reduce((sum, { celsius }) => sum + celsius, 0),
    lowest: Math.min(...all.map(({ celsius }) => celsius)),
    highest: Math.max(...all.map(({ celsius }) => celsius)),
  }))
}

/** The readings in kelvin. */
function transform(): object[] {
  return readings.map(({ station, at, celsius }) => ({
    station,
    at,
    kelvin: Math.round((celsius + 273.15) * 100) / 100,
  }))
}

parentPort!.postMessage(task === 'analysis' ? analyse() : transform())
