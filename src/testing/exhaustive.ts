// The exhaustive chooser: every schedule of up to so many faults, those with the fewest first. A situation that was met before
// is not gone on from, for all that can come of it was listed then. Actor trees can't be copied, so what leads to a choice is
// played again. Invariant: where it says that it is complete, no choice was left out but by equality or symmetry.
import type { Choice, Decide } from './choice.ts'
import { fingerprint, hashOf } from './fingerprint.ts'
import type { Subject } from './changing-host.ts'
import { Playing } from './schedule.ts'
import type { Played, Setting } from './setting.ts'
import { isMirrored, mirrors } from './symmetry.ts'

/** A choice that is still to be taken, and what leads to it. */
interface Node {
  readonly before: Node | null
  /** Choices since the node before that are the first offer each. */
  readonly plain: number
  /** The place of the offer that is taken then. */
  readonly place: number
}

/** Plays every schedule that differs. */
export class Exhaustive {
  /** Situations met. */
  readonly met = new Set<number>()
  /** Schedules played, in full or up to a situation that was met before. */
  schedules = 0
  private readonly subject: Subject
  private readonly setting: Setting
  private readonly isMerged: boolean
  /** By the number of their faults. */
  private readonly open: Node[][]
  private openCount = 0

  /** @param isMerged Whether steps that are alike count as one, and histories do not matter. */
  constructor(subject: Subject, setting: Setting, isMerged: boolean) {
    this.subject = subject
    this.setting = setting
    this.isMerged = isMerged
    this.open = Array.from({ length: setting.faultsMax + 1 }, () => [])
    this.open[0]!.push({ before: null, plain: 0, place: 0 })
    this.openCount = 1
  }

  /** Situations and open choices in memory, which is what its cap counts. */
  get size(): number {
    return this.met.size + this.openCount
  }

  get isComplete(): boolean {
    return this.openCount === 0
  }

  /** Plays one more schedule; `null` where none is left. */
  next(): Played | null {
    for (const [faults, nodes] of this.open.entries()) {
      const node = nodes.pop()
      if (!node) continue
      this.openCount--
      this.schedules++
      return this.playFrom(node, faults)
    }
    return null
  }

  private playFrom(node: Node, faultsUsed: number): Played {
    const path = placesOf(node)
    let at = 0
    let plain = 0
    let faults = faultsUsed
    const decide: Decide = (offers) => {
      if (at < path.length) return path[at++]!
      // In the midst of things there is no situation to tell.
      const isMidst = offers[0]!.act === 'assume'
      if (!isMidst && !this.isNew(playing, faults)) return null
      const alike = this.isMerged && !isMidst ? mirrors(playing, offers) : null
      for (let place = offers.length - 1; place > 0; place--) {
        const used = faults + costOf(offers[place]!)
        if (used > this.setting.faultsMax || (alike && isMirrored(alike, place))) continue
        this.open[used]!.push({ before: node, plain, place })
        this.openCount++
      }
      plain++
      faults += costOf(offers[0]!)
      return 0
    }
    const playing = new Playing(this.subject, this.setting, decide)
    return playing.play()
  }

  private isNew(playing: Playing, faults: number): boolean {
    const { world, root } = playing
    if (!root || !world.life) return true
    const more = `${playing.moreState}|${this.isMerged ? '' : hashOf(JSON.stringify(playing.past))}`
    const key = hashOf(`${fingerprint(world, root)}|${more}|${faults > this.setting.faultsMax}`)
    if (this.met.has(key)) return false
    this.met.add(key)
    return true
  }
}

const costOf = ({ fault }: Choice) => (fault === null ? 0 : 1)

/** The places of all choices up to a node's own. */
function placesOf(node: Node): readonly number[] {
  const places: number[] = []
  for (let each: Node | null = node; each?.before; each = each.before) {
    places.push(each.place)
    for (let plain = 0; plain < each.plain; plain++) places.push(0)
  }
  return places.reverse()
}
