// What may be a name, and why not. Names come from users and become keys of maps, paths of actors and lines of logs.

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

const FORBIDDEN = /[/[\]\p{Cc}\p{Zl}\p{Zp}\p{Cs}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/u

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
