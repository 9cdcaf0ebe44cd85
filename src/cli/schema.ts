// `sagachart schema`: the JSON Schema of documents, for editors. It reads nothing.
import { documentSchema } from '../definition/json-schema.ts'
import { jsonPieces } from './pieces.ts'
import { refusing } from './output.ts'
import { deliver } from './write.ts'

/** Options of `schema`. */
export interface SchemaOptions {
  readonly output?: string
}

/** Exit code 0, or 2 where the file cannot be written. */
export async function schemaCommand({ output }: SchemaOptions): Promise<number> {
  const problem = await deliver(jsonPieces(documentSchema()), output)
  return problem === null ? 0 : refusing('schema')(problem)
}
