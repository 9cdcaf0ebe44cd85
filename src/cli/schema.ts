// `sagachart schema`: the JSON Schema of documents, for editors. It reads nothing.
import { documentSchema } from '../definition/json-schema.ts'
import { writeAtomically } from './write.ts'

/** Options of `schema`. */
export interface SchemaOptions {
  readonly output?: string
}

/** Exit code 0, or 2 where the file cannot be written. */
export async function schemaCommand({ output }: SchemaOptions): Promise<number> {
  const text = `${JSON.stringify(documentSchema(), null, 2)}\n`
  if (output === undefined) {
    process.stdout.write(text)
    return 0
  }
  const problem = await writeAtomically(output, text)
  if (problem === null) return 0
  process.stderr.write(`sagachart schema: ${problem}\n`)
  return 2
}
