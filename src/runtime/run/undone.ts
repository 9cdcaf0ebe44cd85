// What a run leaves in the world that is not part of its result, by address: for people, who have to see to it.
import type { CompensationExtent } from '../../../machines/protocol.ts'
import { extentInside } from './compensation-scope.ts'
import { leftAs, TARGETS } from '../../kernel/effects.ts'
import type { LeftEffects } from './inside.ts'
import type { Run } from './run.ts'

/**
 * Steps whose effects are left, or may be, those inside first.
 * @param extent `all`: the run itself was to be undone; `surplus`: only what is not part of its result counts.
 */
export function leftEffects(
  run: Run,
  extent: CompensationExtent,
  left: LeftEffects = { undone: [], possiblyDone: [] },
): LeftEffects {
  for (let index = 0; index < run.options.plan.size; index++) {
    const inside = run.inside.get(index)
    if (inside) {
      for (const address of inside.left.undone) left.undone.push(address)
      for (const address of inside.left.possiblyDone) left.possiblyDone.push(address)
      for (const ended of inside.owed) leftEffects(ended.run, extentInside(run, index, ended, extent), left)
    }
    const states = TARGETS.map((target) => leftAs(run, index, target, extent))
    if (states.includes('undone')) left.undone.push(run.addressOf(index))
    else if (states.includes('possibly_done')) left.possiblyDone.push(run.addressOf(index))
  }
  return left
}
