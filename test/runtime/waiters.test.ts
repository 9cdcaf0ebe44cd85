// Who takes an event, as rules on plain data.
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { BusEvent } from '../../machines/protocol.ts'
import {
  answer,
  arrive,
  begin,
  emptyLine,
  end,
  KEPT_MAX,
  proceed,
  type Level,
  type Line,
  type Origin,
  type Waiter,
} from '../../src/kernel/waiters.ts'

const event = (data: number): BusEvent => ({
  id: String(data),
  type: 'go',
  at: 0,
  source: 'outside',
  correlation_id: 'r',
  data,
})

const level = (step: number, more: Partial<Level> = {}): Level => ({
  list: 0,
  step,
  isSequential: false,
  dependencies: new Set(),
  ...more,
})

/** A wait at a step of the outermost list. */
const wait = (step: number, more: Partial<Waiter> = {}): Waiter => ({
  path: String(step),
  levels: [level(step)],
  isShared: false,
  ...more,
})

/** In an iteration of a loop that is the first step. */
const iterated = (list: number, isSequential: boolean): Waiter =>
  wait(0, { path: `loop[${list}]/w`, levels: [level(0), level(0, { list, isSequential })] })

/** Answers what is asked until nothing is. Returns who took what, and what was dropped. */
function settle(line: Line, accepts: (waiter: Waiter, data: number) => boolean = () => true): string[] {
  const log: string[] = []
  for (let step = proceed(line); step; step = proceed(line)) {
    if ('dropped' in step) {
      log.push(`dropped ${String(step.dropped.event.data)}`)
      continue
    }
    const { waiter, offered } = step
    const data = offered.event.data as number
    const isAccepted = accepts(waiter, data)
    answer(line, isAccepted)
    if (isAccepted) log.push(`${waiter.path} takes ${data}`)
  }
  return log
}

/** Waits begin in this order and events come after it, or before it. */
const play = (waits: readonly Waiter[], origin: Origin, count: number, first: 'waits' | 'events') => {
  const line = emptyLine(waits.some(({ isShared }) => isShared))
  const come = () => Array.from({ length: count }, (_, index) => arrive(line, event(index + 1), origin))
  if (first === 'events') come()
  const log: string[] = []
  for (const each of waits) {
    begin(line, each)
    log.push(...settle(line))
  }
  if (first === 'waits') come()
  return [...log, ...settle(line)].toSorted()
}

const orders = ['waits', 'events'] as const

describe('a signal', () => {
  it.each(orders)('is taken by one wait, where the %s come first', (first) => {
    expect(play([wait(1), wait(2)], 'outside', 1, first)).toEqual(['1 takes 1'])
    expect(play([wait(1), wait(2)], 'outside', 2, first)).toEqual(['1 takes 1', '2 takes 2'])
  })

  it('goes to the first wait in order of declaration, whichever began first', () => {
    expect(play([wait(2), wait(1)], 'outside', 1, 'waits')).toEqual(['1 takes 1'])
    const nested = wait(1, { path: '1[10]/0', levels: [level(1), level(0, { list: 10 })] })
    const earlier = wait(1, { path: '1[9]/5', levels: [level(1), level(5, { list: 9 })] })
    expect(play([wait(2), nested, earlier], 'outside', 2, 'waits')).toEqual([
      '1[10]/0 takes 2',
      '1[9]/5 takes 1',
    ])
  })

  it('goes to the first wait in order of declaration of those that begin at the same time', () => {
    const line = emptyLine(false)
    arrive(line, event(1), 'outside')
    for (const step of [2, 1, 3]) begin(line, wait(step))
    expect(settle(line)).toEqual(['1 takes 1'])
  })

  it('passes over waits that do not accept it', () => {
    const line = emptyLine(false)
    for (const each of [wait(1), wait(2)]) begin(line, each)
    arrive(line, event(7), 'outside')
    expect(settle(line, ({ path }) => path === '2')).toEqual(['2 takes 7'])
  })

  it('is kept where nobody takes it; a wait that begins takes the oldest that it accepts', () => {
    const line = emptyLine(false)
    for (const data of [1, 2, 3]) arrive(line, event(data), 'outside')
    begin(line, wait(1))
    expect(settle(line, (_, data) => data > 1)).toEqual(['1 takes 2'])
    expect(line.kept.map((each) => each.event.data)).toEqual([1, 3])
  })

  it('goes to shared waits beside the one that takes it, whatever begins first', () => {
    const shared = (step: number) => wait(step, { isShared: true })
    for (const first of orders) {
      const log = play([wait(1), shared(2), shared(3), wait(4)], 'outside', 1, first)
      expect(log).toEqual(['1 takes 1', '2 takes 1', '3 takes 1'])
    }
  })

  it('is no longer kept once a wait has taken it, unless waits share it', () => {
    for (const isShared of [false, true]) {
      const line = emptyLine(isShared)
      arrive(line, event(1), 'outside')
      begin(line, wait(1))
      settle(line)
      expect(line.kept).toHaveLength(isShared ? 1 : 0)
    }
  })
})

describe('an event of an operation', () => {
  it.each(orders)('goes to every wait, where the %s come first', (first) => {
    expect(play([wait(1), wait(2)], 'operation', 1, first)).toEqual(['1 takes 1', '2 takes 1'])
  })

  it('goes to the same wait once, however often it waits', () => {
    expect(play([wait(1), wait(1)], 'operation', 1, 'events')).toEqual(['1 takes 1'])
  })

  it('does not go to a wait that comes after one that has taken it', () => {
    const after = wait(2, { levels: [level(2, { dependencies: new Set([0, 1]) })] })
    const inside = wait(1, { path: '1/0', levels: [level(1), level(0)] })
    for (const before of [wait(1), inside])
      expect(play([before, after], 'operation', 2, 'events')).toEqual([`${before.path} takes 1`, '2 takes 2'])
  })

  it('goes once to iterations that follow one another, and to each of those side by side', () => {
    const three = (isSequential: boolean) => [0, 1, 2].map((list) => iterated(list, isSequential))
    expect(play(three(true), 'operation', 2, 'events')).toEqual(['loop[0]/w takes 1', 'loop[1]/w takes 2'])
    expect(play(three(false), 'operation', 1, 'events')).toHaveLength(3)
  })
})

describe('a wait that has ended', () => {
  it('takes nothing: neither what comes later, nor what it was asked about', () => {
    const line = emptyLine(false)
    const [first, second] = [wait(1), wait(2)]
    begin(line, first)
    begin(line, second)
    expect(proceed(line)).toBeNull()
    arrive(line, event(1), 'outside')
    expect(proceed(line)).toMatchObject({ waiter: first })
    expect(end(line, first)).toBe(true)
    answer(line, true)
    expect(settle(line)).toEqual(['2 takes 1'])
  })

  it('takes nothing either where it had not been offered all that is kept', () => {
    const line = emptyLine(false)
    arrive(line, event(1), 'outside')
    proceed(line)
    begin(line, wait(1))
    const { waiter } = proceed(line) as { waiter: Waiter }
    expect(end(line, waiter)).toBe(true)
    expect(settle(line)).toEqual([])
    expect(line.kept).toHaveLength(1)
  })
})

describe('a line', () => {
  it('keeps so many events and no more, and names those that it drops', () => {
    const line = emptyLine(false)
    for (let data = 0; data < KEPT_MAX; data++) expect(arrive(line, event(data), 'outside')).toBe(true)
    expect(arrive(line, event(KEPT_MAX), 'outside')).toBe(false)
    expect(settle(line)).toEqual([])
    arrive(line, event(KEPT_MAX), 'outside')
    expect(settle(line)).toEqual(['dropped 0'])
  })

  it('drops what was taken without a word', () => {
    const line = emptyLine(false)
    arrive(line, event(0), 'operation')
    begin(line, wait(1))
    settle(line)
    for (let data = 1; data <= KEPT_MAX; data++) {
      arrive(line, event(data), 'operation')
      expect(settle(line)).toEqual([])
    }
  })

  type Act =
    | { readonly kind: 'event'; readonly isSignal: boolean }
    | { readonly kind: 'wait' | 'think' | 'end'; readonly which: number }
  const acts = (kinds: readonly ('wait' | 'think' | 'end')[]) =>
    fc.array(
      fc.oneof(
        fc.record({ kind: fc.constant('event' as const), isSignal: fc.boolean() }),
        fc.record({ kind: fc.constantFrom(...kinds), which: fc.nat(5) }),
      ),
      { maxLength: 40 },
    )
  /** Waits begin at most once each; every third one is shared, and some depend on those before them. */
  const waits = [0, 1, 2, 3, 4, 5].map((step) =>
    wait(step, {
      isShared: step % 3 === 2,
      levels: [level(step, { dependencies: new Set(step > 3 ? [0, step - 2] : []) })],
    }),
  )

  function playActs(
    list: readonly Act[],
    accepts: (waiter: Waiter, data: number) => boolean,
    thinks: boolean,
  ) {
    const line = emptyLine(true)
    const log: string[] = []
    const begun = new Set<number>()
    const ended = new Set<number>()
    let question: { readonly waiter: Waiter; readonly data: number } | null = null
    const ask = () => {
      const step = proceed(line)
      if (step && 'waiter' in step)
        question = { waiter: step.waiter, data: step.offered.event.data as number }
    }
    const think = () => {
      if (!question) return
      const { waiter, data } = question
      question = null
      const isAccepted = accepts(waiter, data)
      answer(line, isAccepted)
      if (isAccepted) log.push(`${waiter.path} takes ${data}`)
      if (isAccepted) expect(ended.has(Number(waiter.path))).toBe(false)
      ask()
    }
    list.forEach((act, data) => {
      if (act.kind === 'event') arrive(line, event(data), act.isSignal ? 'outside' : 'operation')
      else if (act.kind === 'wait' && !begun.has(act.which)) {
        begun.add(act.which)
        begin(line, waits[act.which]!)
      } else if (act.kind === 'end' && begun.has(act.which)) {
        ended.add(act.which)
        if (end(line, waits[act.which]!)) question = null
      }
      if (!question) ask()
      if (act.kind === 'think') think()
      while (!thinks && question) think()
    })
    while (question) think()
    return { line, log, ended }
  }

  const table = fc.array(fc.boolean(), { minLength: 7, maxLength: 7 }).map((given) => {
    return ({ path }: Waiter, data: number) => given[(Number(path) * 5 + data * 3) % 7]!
  })

  /** Waits that begin while another one thinks are sorted; so they begin in order of declaration here. */
  const inOrder = (list: readonly Act[]) => {
    let begun = 0
    return list.map((act) =>
      act.kind === 'wait' ? { ...act, which: Math.min(begun++, waits.length - 1) } : act,
    )
  }

  it('hands out the same, however long the waits think', () => {
    fc.assert(
      fc.property(acts(['wait', 'think']).map(inOrder), table, (list, accepts) => {
        const atOnce = playActs(list, accepts, false).log.toSorted()
        expect(playActs(list, accepts, true).log.toSorted()).toEqual(atOnce)
      }),
    )
  })

  it('hands a signal to one wait that is not shared, at most, and keeps none that a wait would take', () => {
    fc.assert(
      fc.property(acts(['wait', 'think', 'end']), table, (list, accepts) => {
        const { line, log } = playActs(list, accepts, true)
        const taken = log.map((each) => each.split(' takes ').map(Number))
        for (const [data, act] of list.entries()) {
          const takers = taken.filter(([which, what]) => what === data && which! % 3 !== 2)
          if (act.kind === 'event' && act.isSignal) expect(takers.length).toBeLessThanOrEqual(1)
        }
        expect(new Set(taken.map(([which]) => which)).size).toBe(taken.length)
        const open = line.kept.filter(({ isSpent, origin }) => origin === 'outside' && !isSpent)
        for (const waiter of line.waiting)
          for (const { event: kept } of open)
            if (!waiter.isShared) expect(accepts(waiter, kept.data as number)).toBe(false)
      }),
    )
  })
})
