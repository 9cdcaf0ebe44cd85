// Holds a value against the schema and says in the document's own words what does not fit. It judges keys and kinds of
// values; whether they make sense together is check.ts's.
import type * as z from 'zod'
import { listed, nearest, pathText, shown, suggestion } from './diagnostic.ts'
import type { Problems } from './diagnostic.ts'
import { SECTION_KEYS } from './fields.ts'
import { integrationSchema, moduleBlockSchema, sectionSchemas } from './schema.ts'
import type { CheckedDocument, ModuleBlock, SectionName } from './schema.ts'
import type { Path } from './source.ts'
import { CONTROL_TYPES, STEPS_WITH_KEY } from './step-schema.ts'

/** Problems of one section that are worked out; more of them would be cut off anyway. */
const ISSUES_MAX = 200

/** A document that was held against the schema, as far as it fits. */
export interface Validated {
  readonly document: CheckedDocument
  /** Places of scenarios that do not fit; nothing more can be said about them. */
  readonly broken: ReadonlySet<number>
}

/**
 * Judges a document's keys and kinds of values, and reports all that is wrong.
 * @returns what fits, for the checks that come next, or `null` where nothing more can be said.
 */
export function validate(value: unknown, problems: Problems): Validated | null {
  if (!isMapping(value)) {
    const message = `the document: expected a mapping with the key "integration", found ${shown(value)}`
    problems.add({ code: 'VALUE_INVALID', message, remedy: 'start it with "integration:"', path: [] })
    return null
  }
  const broken = new Set<number>()
  let readable = false
  if (Object.hasOwn(value, 'integration')) {
    const issues = fits(integrationSchema, value['integration'], ['integration'], problems)
    readable = issues.every(({ path: [key, at] }) => key === 'scenarios' && typeof at === 'number')
    if (readable) for (const { path } of issues) broken.add(Number(path[1]))
  } else {
    const otherwise = 'add the key "integration" with modules and scenarios'
    const meant = Object.keys(value).find((key) => suggestion(key, ['integration'], '') !== '')
    const remedy = meant === undefined ? otherwise : `rename ${JSON.stringify(meant)} to "integration"`
    problems.add({
      code: 'KEY_MISSING',
      message: 'the document: the key "integration" is missing',
      remedy,
      path: [],
    })
  }
  const modules = moduleNames(value['integration'])
  const blocks = new Map<string, ModuleBlock>()
  const sections: Record<string, unknown> = {}
  for (const [key, item] of Object.entries(value)) {
    if (key === 'integration') continue
    if (Object.hasOwn(sectionSchemas, key)) {
      const issues = fits(sectionSchemas[key as SectionName], item, [key], problems)
      if (issues.length === 0) sections[key] = item
      else if (key === 'resources') readable = false
    } else if (!modules.has(key)) unknownSection(key, modules, problems)
    else if (fits(moduleBlockSchema, item, [key], problems).length === 0) blocks.set(key, item as ModuleBlock)
  }
  // Each part was held against its schema just now, and is taken as it stands: schemas transform nothing.
  const document = { ...sections, integration: value['integration'], blocks } as unknown as CheckedDocument
  return readable ? { document, broken } : null
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function moduleNames(integration: unknown): Set<string> {
  const names = new Set<string>()
  const modules = isMapping(integration) ? integration['modules'] : null
  if (!Array.isArray(modules)) return names
  for (const entry of modules) {
    const name: unknown = isMapping(entry) ? entry['name'] : entry
    if (typeof name === 'string') names.add(name)
  }
  return names
}

function unknownSection(key: string, modules: Set<string>, problems: Problems): void {
  const message = `the document: ${JSON.stringify(key)} is neither a section nor a module of integration.modules`
  const remedy = (): string => {
    const known = ['integration', ...Object.keys(sectionSchemas), ...modules]
    const otherwise = `expected one of ${listed(known)}; a module's own block must be named after a module of integration.modules`
    return suggestion(key, known, otherwise)
  }
  problems.add({ code: 'KEY_UNKNOWN', message, remedy, path: [key], part: 'key' })
}

function fits(schema: z.ZodType, value: unknown, path: Path, problems: Problems): readonly Issue[] {
  const result = schema.safeParse(value)
  if (result.success) return []
  reportAll(result.error.issues.slice(0, ISSUES_MAX), value, path, problems)
  const rest = result.error.issues.length - ISSUES_MAX
  for (let i = 0; i < rest; i++) problems.add({ code: 'VALUE_INVALID', message: '', path })
  return result.error.issues
}

type Issue = z.core.$ZodIssue

function reportAll(issues: readonly Issue[], root: unknown, at: Path, problems: Problems): void {
  const misspelt = misspeltKeys(issues)
  for (const issue of issues) {
    const isTold = !misspelt.has(JSON.stringify(issue.path)) || valueAt(root, wayOf(issue)) !== undefined
    if (isTold) report(issue, root, at, problems)
  }
}

function wayOf(issue: Issue): Path {
  return issue.path.map((step) => (typeof step === 'number' ? step : String(step)))
}

// Places of keys that are there under a misspelt name: that is told, and not that they are missing too.
function misspeltKeys(issues: readonly Issue[]): ReadonlySet<string> {
  const places = new Set<string>()
  for (const issue of issues) {
    if (issue.code !== 'unrecognized_keys') continue
    for (const key of issue.keys) {
      const meant = nearest(key, SECTION_KEYS.get(issue.message) ?? [])
      if (meant !== null) places.add(JSON.stringify([...issue.path, meant]))
    }
  }
  return places
}

function report(issue: Issue, root: unknown, at: Path, problems: Problems): void {
  const inner = wayOf(issue)
  const path = [...at, ...inner]
  const found = valueAt(root, inner)
  if (issue.code === 'unrecognized_keys') {
    for (const key of issue.keys) unknownKey(key, issue.message, path, problems)
    return
  }
  if (issue.code === 'invalid_union') {
    const branch = closestBranch(issue.errors)
    if (branch) {
      reportAll(branch, found, path, problems)
      return
    }
  }
  if (found === undefined) {
    const key = path.at(-1)
    const message = `${pathText(path.slice(0, -1))}: the key ${JSON.stringify(key)} is missing, expected ${issue.message}`
    const remedy = `add ${JSON.stringify(key)}`
    problems.add({ code: 'KEY_MISSING', message, remedy, path: path.slice(0, -1), part: 'key' })
    return
  }
  const words = wordsOf(issue)
  const remedy = typeof found === 'string' && words.length > 0 ? suggestion(found, words, '') : ''
  const message = `${pathText(path)}: expected ${issue.message}, found ${shown(found)}`
  problems.add({ code: 'VALUE_INVALID', message, remedy: remedy || `give ${issue.message}`, path })
}

// The words that may stand in a place, where there are but a few.
function wordsOf(issue: Issue): string[] {
  if (issue.code === 'invalid_value') return issue.values.map(String)
  return issue.code === 'invalid_union' && issue.discriminator === 'type' ? [...CONTROL_TYPES] : []
}

// Of a union, the branch whose kind of value fits, where there is just one: its problems say more than the union's.
function closestBranch(branches: readonly Issue[][]): readonly Issue[] | null {
  const fitting = branches.filter((issues) => !issues.some(isRootIssue))
  if (fitting.length < 2) return fitting[0] ?? null
  const named = fitting.filter((issues) => !issues.some((issue) => issue.code === 'unrecognized_keys'))
  return named[0] ?? fitting[0] ?? null
}

function isRootIssue(issue: Issue): boolean {
  return issue.path.length === 0 && issue.code !== 'unrecognized_keys' && issue.code !== 'invalid_union'
}

function unknownKey(key: string, title: string, path: Path, problems: Problems): void {
  const having = STEPS_WITH_KEY.get('name')!.includes(title) ? STEPS_WITH_KEY.get(key) : undefined
  if (having) return strayKey(key, title, having, path, problems)
  const known = SECTION_KEYS.get(title) ?? []
  const message = `${pathText(path)}: unknown key ${JSON.stringify(key)} (${title})`
  const remedy = (): string => suggestion(key, known, `expected one of ${known.join(', ')}`)
  problems.add({ code: 'KEY_UNKNOWN', message, remedy, path: [...path, key], part: 'key' })
}

// A key that other types of steps have.
function strayKey(
  key: string,
  title: string,
  having: readonly string[],
  path: Path,
  problems: Problems,
): void {
  const here = title === 'step' ? 'this step has no type' : `this is ${withArticle(title)}`
  const owners = having.map((one) => (one === 'step' ? 'a step that calls an operation' : withArticle(one)))
  const message = `${pathText(path)}: the key ${JSON.stringify(key)} belongs to ${owners.join(' or ')}, and ${here}`
  const types = having.map((one) => `"type: ${one.replace(/ step$/, '')}"`).join(' or ')
  const remedy = title === 'step' ? `remove it, or add ${types}` : 'remove it'
  problems.add({ code: 'KEY_WITHOUT_EFFECT', message, remedy, path: [...path, key], part: 'key' })
}

const withArticle = (title: string): string => `${/^[aeiou]/.test(title) ? 'an' : 'a'} ${title}`

function valueAt(root: unknown, path: Path): unknown {
  let value = root
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number') value = value[step]
    else if (isMapping(value) && Object.hasOwn(value, step)) value = value[step]
    else return undefined
  }
  return value
}
