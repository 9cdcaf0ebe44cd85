// The document's JSON Schema, for editors: made of the same schema that judges documents, with defaults and with what is
// not built yet. It knows keys and kinds of values; names, references and cycles are for `validate`.
import * as z from 'zod'
import { integrationSchema, moduleBlockSchema, sectionSchemas } from './schema.ts'
import { UNBUILT } from './unbuilt.ts'

/** A JSON Schema, of the draft 2020-12. */
export type JsonSchema = z.core.JSONSchema.BaseSchema

/** The JSON Schema of a document. The same at every call. */
export function documentSchema(): JsonSchema {
  const sections = Object.entries(sectionSchemas).map(([key, schema]) => [key, schema.optional()])
  const document = z
    .object({ integration: integrationSchema, ...Object.fromEntries(sections) })
    // Any other key is the block of a module; whether the module exists is not for a schema to say.
    .catchall(moduleBlockSchema)
  const schema: JsonSchema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: 'urn:sagachart:document',
    title: 'sagachart document',
    description: 'An integration: modules, and the scenarios whose steps call them.',
    ...z.toJSONSchema(document, {
      target: 'draft-2020-12',
      io: 'input',
      // A key that must not be there, which JSON Schema says so.
      unrepresentable: 'any',
      override: ({ zodSchema, jsonSchema }) => {
        if (zodSchema._zod.def.type === 'undefined') jsonSchema.not = {}
      },
    }),
  }
  for (const [at, entries] of Map.groupBy(UNBUILT, ({ at: place }) => place)) {
    const values = entries.flatMap((entry) => ('only' in entry ? [String(entry.only)] : []))
    const note = entries[0]!.template ? 'no effect yet' : 'not built yet'
    for (const place of placesAt(schema, at)) {
      const said = values.length > 0 ? `${note}: ${values.join(', ')}` : note
      place.description = [place.description, `(${said})`].filter(Boolean).join(' ')
    }
  }
  return schema
}

/** The schemas at a place, such as `resources.pools.*.url`: several where a value may be of several kinds. */
function placesAt(root: JsonSchema, at: string): JsonSchema[] {
  let places = [root]
  for (const step of at.replaceAll('[]', '.[]').split('.')) {
    places = places
      .flatMap((place) => kindsOf(root, place))
      .flatMap((kind) => {
        const next =
          step === '[]' ? kind.items : step === '*' ? kind.additionalProperties : kind.properties?.[step]
        return typeof next === 'object' && !Array.isArray(next) ? [next] : []
      })
  }
  return places
}

function kindsOf(root: JsonSchema, schema: JsonSchema): JsonSchema[] {
  if (schema.$ref !== undefined) {
    return kindsOf(root, root.$defs![schema.$ref.slice('#/$defs/'.length)] as JsonSchema)
  }
  const kinds = schema.anyOf ?? schema.oneOf
  return kinds ? kinds.flatMap((kind) => kindsOf(root, kind as JsonSchema)) : [schema]
}
