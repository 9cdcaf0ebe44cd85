// Graphs to run: the same one for the same shape and size, on every machine. No scheduling here.

/** A chain; one step with all others behind it; layers whose steps depend on a few of the layer before. */
export const SHAPES = ['chain', 'fan', 'layered'] as const

export type Shape = (typeof SHAPES)[number]

export interface Graph {
  readonly size: number
  /** Of each step, the steps it waits for: all of them come before it. */
  readonly dependencies: readonly (readonly number[])[]
}

const LAYER_WIDTH = 100

const DEPENDENCIES_MAX = 3

const SEED = 20260101

/** Makes the graph of a shape and a size. */
export function graphOf(shape: Shape, size: number): Graph {
  const draw = generator(SEED)
  const dependencies = Array.from({ length: size }, (_, step) => {
    if (shape === 'chain') return step === 0 ? [] : [step - 1]
    if (shape === 'fan') return step === 0 ? [] : [0]
    return fromLayerBefore(step, draw)
  })
  return { size, dependencies }
}

/** One to three steps of the layer before, each once. */
function fromLayerBefore(step: number, draw: () => number): number[] {
  const before = step - (step % LAYER_WIDTH) - LAYER_WIDTH
  if (before < 0) return []
  const count = 1 + Math.floor(draw() * DEPENDENCIES_MAX)
  const drawn = new Set<number>()
  while (drawn.size < count) drawn.add(before + Math.floor(draw() * LAYER_WIDTH))
  return [...drawn]
}

/** mulberry32: numbers from 0 up to 1. */
function generator(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}
