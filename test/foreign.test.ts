// Looks at values that this library did not make.
// oxlint-disable unicorn/no-thenable -- promises of a kind are what it is about
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  bounded,
  fieldOf,
  isInstance,
  isPromise,
  MESSAGE_BYTES_MAX,
  messageOf,
  NAME_BYTES_MAX,
  textOf,
  whenSettled,
} from '../src/foreign.ts'
import { shown } from '../src/definition/diagnostic.ts'
import { toFailure } from '../src/runtime/execute/failure.ts'
import { hostile, promiseOfItself } from './runtime/hostile-values.ts'

describe('a look at a foreign value', () => {
  it('never throws, and gives little', () => {
    const property = fc.property(hostile, (make) => {
      const value = make()
      expect(Buffer.byteLength(messageOf(value))).toBeLessThanOrEqual(MESSAGE_BYTES_MAX)
      expect(Buffer.byteLength(textOf(value, 'name') ?? '')).toBeLessThanOrEqual(NAME_BYTES_MAX)
      expect(shown(value).length).toBeLessThanOrEqual(200)
      isPromise(value)
      isInstance(value, Error)
      const { code, message } = toFailure(value)
      expect([typeof code, typeof message]).toEqual(['string', 'string'])
      expect(JSON.stringify(toFailure(value)).length).toBeLessThan(100_000)
    })
    fc.assert(property, { numRuns: 1_000 })
  })

  it('reads what is there', () => {
    expect(messageOf(new Error('no luck'))).toBe('no luck')
    expect(messageOf({ message: 'no luck' })).toBe('no luck')
    expect(messageOf('no luck')).toBe('no luck')
    expect(messageOf(Symbol('s'))).toBe('Symbol(s)')
    expect(messageOf({})).toBe('A value that is no error was thrown')
    expect(fieldOf({ a: 1 }, 'a')).toBe(1)
    expect(fieldOf(null, 'a')).toBeUndefined()
  })
})

describe('a text', () => {
  it('is cut to bytes, never within a character', () => {
    expect(bounded('x'.repeat(1_000), 1_000)).toBe('x'.repeat(1_000))
    expect(bounded('x'.repeat(1_001), 1_000)).toBe(`${'x'.repeat(997)}…`)
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 3_000 }),
        fc.integer({ min: 10, max: 1_000 }),
        (text, max) => {
          const cut = bounded(text, max)
          expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max)
          expect(cut.isWellFormed()).toBe(text.isWellFormed())
          if (cut !== text) expect(text.startsWith(cut.slice(0, -1))).toBe(true)
        },
      ),
    )
  })
})

describe('what a value comes to', () => {
  const settled = (value: unknown) =>
    new Promise<readonly [string, unknown]>((done) =>
      whenSettled(
        value,
        (outcome) => done(['succeeded', outcome]),
        (error) => done(['failed', error]),
      ),
    )

  it('is itself, or what it promises', async () => {
    expect(await settled(1)).toEqual(['succeeded', 1])
    expect(await settled(Promise.resolve(1))).toEqual(['succeeded', 1])
    expect(await settled({ then: (done: (value: unknown) => void) => done(Promise.resolve(1)) })).toEqual([
      'succeeded',
      1,
    ])
    expect(await settled(Promise.reject(new Error('no')))).toMatchObject(['failed', { message: 'no' }])
  })

  it('is told once', () => {
    const told: unknown[] = []
    const tell = (outcome: unknown) => void told.push(outcome)
    const talkative = {
      then(done: (value: unknown) => void, fail: (error: unknown) => void) {
        done(1)
        done(2)
        fail(3)
        throw new Error('4')
      },
    }
    whenSettled(talkative, tell, tell)
    expect(told).toEqual([1])
  })

  it('is a failure where promises promise one another for ever', async () => {
    expect(await settled(promiseOfItself())).toMatchObject(['failed', { name: 'TypeError' }])
  })
})
