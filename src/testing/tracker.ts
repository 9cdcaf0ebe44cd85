// Finds what an event changed: the states of all steps, compared with those before it. It looks at every step each time, which
// is meant for workflows of up to some hundred steps. Invariant: each change is told once, and none twice after a crash.
import type { Run } from '../runtime/run/run.ts'

/** What the steps' states were. */
export class Tracker {
  /** Every run of the life that goes on, those that have ended included. */
  readonly runs = new Set<Run>()
  private readonly seen = new Map<Run, Uint8Array>()

  /** Forgets all that was, and takes what is for what was. */
  begin(runs: ReadonlyMap<string, Run>): void {
    this.runs.clear()
    this.seen.clear()
    for (const run of runs.values()) {
      this.runs.add(run)
      this.seen.set(run, run.graph.state.slice())
    }
  }

  /** Tells what has changed. */
  look(runs: ReadonlyMap<string, Run>, changed: (run: Run, index: number, was: number) => void): void {
    for (const run of runs.values()) {
      if (this.seen.has(run)) continue
      this.runs.add(run)
      this.seen.set(run, new Uint8Array(run.graph.state.length))
    }
    for (const [run, before] of this.seen) {
      const { state } = run.graph
      for (let index = 0; index < state.length; index++) {
        const was = before[index]!
        if (state[index] === was) continue
        before[index] = state[index]!
        changed(run, index, was)
      }
    }
  }

  /** What became of the runs inside of steps, earlier ones of the same address included; equal for equal outcomes. */
  get past(): string {
    const inside = [...this.runs].filter(({ options }) => options.within)
    return inside
      .map(({ graph, path }) => `${path}:${graph.state.join('')}`)
      .sort()
      .join()
  }

  /** A number for where all steps are; equal for equal places. */
  get digest(): number {
    let hash = 0x811c9dc5
    for (const { graph, path } of this.runs) {
      hash = Math.imul(hash ^ path.length, 0x01000193)
      for (const each of graph.state) hash = Math.imul(hash ^ each, 0x01000193)
    }
    return hash >>> 0
  }
}
