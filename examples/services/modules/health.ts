// Asks a service whether it is of use yet. The step that calls this is retried until it is.
import type { OperationContext } from 'sagachart'

export default {
  async check({ url }: { url: string }, { signal }: OperationContext) {
    const response = await fetch(`${url}/health`, { signal })
    if (!response.ok) throw new Error(`${url} is not ready (${response.status})`)
    return response.json()
  },
}
