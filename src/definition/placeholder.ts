// Finds what a template still asks its user to fill in: `{module1}` and its like, in names and keys.
// Braces inside parameters, configurations and longer texts are the user's own and are left alone.
import { isMap, isScalar } from 'yaml'
import type { Problems } from './diagnostic.ts'
import type { Path } from './source.ts'

const WHOLE = /^\{[A-Za-z_][\w -]{0,60}\}$/
const ANYWHERE = /(?<![${\w"'])\{[A-Za-z_][\w-]{0,60}\}(?!\})|(?<=["'])\{[A-Za-z_][\w-]{0,60}\}(?=["'])/g
/** Different placeholders that are reported. */
const PLACEHOLDERS_MAX = 20

/** The placeholder that an unquoted YAML key `{name}` is, or `null`. */
export function rawPlaceholder(key: unknown): string | null {
  if (!isMap(key) || key.items.length !== 1) return null
  const [only] = key.items
  if (!only || only.value !== null || !isScalar(only.key) || typeof only.key.value !== 'string') return null
  const text = `{${only.key.value}}`
  return WHOLE.test(text) ? text : null
}

/** What a placeholder's diagnostic says. */
export function placeholderMessage(placeholder: string): { message: string; remedy: string } {
  return {
    message: `the placeholder ${placeholder} has not been filled in: expected a name`,
    remedy: `replace every ${placeholder} by the name of your own, for instance data_ingestion`,
  }
}

/** Placeholders in a text that is too broken to be read, with the offset of each one's first place. */
export function placeholdersInText(text: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const match of text.matchAll(ANYWHERE)) {
    if (!found.has(match[0])) found.set(match[0], match.index)
    if (found.size >= PLACEHOLDERS_MAX) break
  }
  return found
}

/** Keys whose values, wherever they stand, are names or belong to the template. */
const NAMED = new Set(['name', 'module', 'operation', 'workflow_id', 'integration_name', 'type'])
/** Keys under which everything is the user's own data. */
const DATA = new Set(['parameters', 'config', 'value', 'default', 'inputs', 'outputs', 'output', 'cases'])

/** Whether a text holds anything that looks like a placeholder: a quick look before the thorough one. */
export function mayHavePlaceholders(text: string): boolean {
  return /\{[A-Za-z_][\w -]{0,60}\}/.test(text)
}

/**
 * Reports each placeholder that stands where a name belongs, once.
 * @returns whether there were any.
 */
export function findPlaceholders(value: unknown, problems: Problems): boolean {
  const found = new Set<string>()
  const open: { value: unknown; path: Path; named: boolean }[] = [{ value, path: [], named: false }]
  while (open.length > 0 && found.size < PLACEHOLDERS_MAX) {
    const { value: at, path, named } = open.pop()!
    if (typeof at === 'string') {
      if (named) reportOne(at, path, 'value', found, problems)
    } else if (Array.isArray(at)) {
      const names = named || ['modules', 'depends_on', 'resources'].includes(String(path.at(-1)))
      for (let i = at.length - 1; i >= 0; i--) open.push({ value: at[i], path: [...path, i], named: names })
    } else if (typeof at === 'object' && at !== null) {
      const unquoted = named ? loneKey(at) : null
      if (unquoted !== null) reportOne(unquoted, path, 'value', found, problems)
      const entries = Object.entries(at)
      for (let i = entries.length - 1; i >= 0; i--) {
        const [key, item] = entries[i]!
        if (path.length > 0 && DATA.has(key)) continue
        open.push({ value: item, path: [...path, key], named: NAMED.has(key) })
      }
      for (const [key] of entries) reportOne(key, [...path, key], 'key', found, problems)
    }
  }
  return found.size > 0
}

// Where a name belongs, `{module1}` without quotes is a mapping with one key and no value.
function loneKey(value: object): string | null {
  const [entry, ...others] = Object.entries(value)
  if (!entry || others.length > 0 || entry[1] !== null || entry[0] === 'name') return null
  return `{${entry[0]}}`
}

function reportOne(
  text: string,
  path: Path,
  part: 'key' | 'value',
  found: Set<string>,
  problems: Problems,
): void {
  if (!text.startsWith('{') || !WHOLE.test(text) || found.has(text)) return
  found.add(text)
  problems.add({ code: 'PLACEHOLDER_LEFT', ...placeholderMessage(text), path, part })
}
