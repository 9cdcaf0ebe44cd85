// Whether captured data has the form of what was captured: held against a model, which is a state that is known to be sound. Not
// whether it makes sense: numbers, texts and what is in maps and lists may be any.
import { shown } from '../../definition/diagnostic.ts'
import { isObject } from '../../definition/shape.ts'
import type { SessionAt, SessionRecord } from './root-at.ts'

const EVENT = { type: '' }
const TIMER = { to: '', event: EVENT, delayMs: 0, left: 0 }
const EFFECT = { effect: { kind: '', to: '' }, isAborted: false }
const SESSION = { seed: 0, timers: [], effects: [], admitted: [] }
const RECORD: SessionRecord = { time: 0, published: 0, lateReplies: 0, entries: 0 }

/** @throws TypeError where what joins a root to its host is not of its form */
export function checkJoint(future: SessionAt, record: SessionRecord): void {
  checkForm(future, SESSION, 'session')
  checkForm(record, RECORD, 'record.session')
  for (const timer of future.timers) checkForm(timer, TIMER, 'session.timers')
  for (const effect of future.effects) checkForm(effect, EFFECT, 'session.effects')
  for (const admitted of future.admitted) checkForm(admitted, { to: '', event: EVENT }, 'session.admitted')
}

/**
 * Holds a value against a model of it; where that has `null`, it may be anything.
 * @param at Names the value in the error.
 * @throws TypeError
 */
export function checkForm(found: unknown, model: unknown, at: string): void {
  if (model === null) return
  if (typeof model !== 'object') {
    if (typeof found !== typeof model || Number.isNaN(found)) refuse(at, `a ${typeof model}`, found)
  } else if (Object.getPrototypeOf(model) !== Object.prototype) {
    const { constructor, length } = model as { constructor: { name: string }; length?: number }
    if (found?.constructor !== constructor) refuse(at, constructor.name, found)
    if (ArrayBuffer.isView(model) && (found as { length?: number }).length !== length)
      refuse(at, `${length} of them`, found)
  } else if (!isObject(found)) refuse(at, 'an object', found)
  else
    for (const [key, each] of Object.entries(model))
      checkForm((found as Readonly<Record<string, unknown>>)[key], each, `${at}.${key}`)
}

function refuse(at: string, expected: string, found: unknown): never {
  throw new TypeError(`${at}: expected ${expected}, found ${shown(found)}`)
}
