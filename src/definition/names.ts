// What may be a name, and why not. Names come from users and become keys of maps, paths of actors and lines of logs.
import { UNSAFE } from './safe-text.ts'

/** Longest name, in characters. */
export const NAME_LENGTH_MAX = 200

const RESERVED = new Set([
  '__proto__',
  'prototype',
  'constructor',
  'hasOwnProperty',
  'isPrototypeOf',
  'propertyIsEnumerable',
  'toLocaleString',
  'toString',
  'valueOf',
  '__defineGetter__',
  '__defineSetter__',
  '__lookupGetter__',
  '__lookupSetter__',
])

/** Beside what is unsafe to print, what cannot be seen in print; a selector can where it chooses among the forms of a sign. */
const FORBIDDEN = new RegExp(
  `[\\u034f\\u00ad\\u200b-\\u200d\\u2800\\/\\[\\]\\p{Cs}]|(?<![\\p{Extended_Pictographic}\\p{Script=Han}\\p{Script=Mongolian}])\\p{Variation_Selector}|${UNSAFE.source}`,
  'v',
)

/** Why a text can't be a name, or `null` where it can. */
export function nameFault(name: string): string | null {
  if (name.trim() === '') return 'it is empty'
  if (name !== name.trim()) return 'it starts or ends with a space'
  if (name.length > NAME_LENGTH_MAX) return `it is longer than ${NAME_LENGTH_MAX} characters`
  if (RESERVED.has(name)) return 'it is reserved'
  const sign = FORBIDDEN.exec(name)
  if (!sign) return null
  if (/[/[\]]/.test(sign[0])) return `it holds "${sign[0]}", which separates names in addresses`
  return 'it holds a character that cannot be printed'
}
