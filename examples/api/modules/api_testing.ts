// Tries an API over HTTP: every endpoint of its description, with what is right and with what is wrong.
import type { OperationContext } from 'sagachart'
import { sampleOf, type Description, type Endpoint } from '../description.ts'

/** One request and what was to be answered. */
interface Trial {
  readonly method: Endpoint['method']
  readonly path: string
  readonly body?: unknown
  readonly expects: number
}

/** What a resource must be able to do, with an item that each trial makes for itself, and with none. */
function trialsOf(description: Description, { method, path, does, status }: Endpoint, id: number): Trial[] {
  const own = path.replace('{id}', String(id))
  const nobody = path.replace('{id}', '999999')
  const sends = does === 'create' || does === 'replace'
  const item = sampleOf(description, id)
  return [
    { method, path: own, ...(sends && { body: item }), expects: status },
    ...(nobody === path ? [] : [{ method, path: nobody, ...(sends && { body: item }), expects: 404 }]),
    ...(sends ? [{ method, path: own, body: { unheard: 1 }, expects: 422 }] : []),
  ]
}

export default class ApiTesting {
  readonly #concurrency: number

  constructor({ concurrency }: { concurrency: number }) {
    this.#concurrency = concurrency
  }

  async test_api(
    { description, url }: { description: Description; url: string },
    { signal }: OperationContext,
  ) {
    const endpoints = [...description.endpoints]
    const failures: string[] = []
    let tried = 0
    const work = async () => {
      for (let endpoint = endpoints.shift(); endpoint; endpoint = endpoints.shift()) {
        for (const trial of trialsOf(description, endpoint, await create(url, description, signal))) {
          const { status } = await send(url, trial, signal)
          tried++
          if (status !== trial.expects)
            failures.push(`${trial.method} ${trial.path} answered ${status}, not ${trial.expects}`)
        }
      }
    }
    await Promise.all(Array.from({ length: this.#concurrency }, work))
    if (failures.length > 0) throw Object.assign(new Error(failures.join('; ')), { name: 'TestsFailed' })
    return { tried, passed: tried }
  }
}

async function create(url: string, description: Description, signal: AbortSignal): Promise<number> {
  const { resource } = description
  const trial: Trial = { method: 'POST', path: `/${resource}`, body: sampleOf(description, 1), expects: 201 }
  const response = await send(url, trial, signal)
  return ((await response.json()) as { id: number }).id
}

function send(url: string, { method, path, body }: Trial, signal: AbortSignal): Promise<Response> {
  return fetch(`${url}${path}`, { method, signal, ...(body !== undefined && { body: JSON.stringify(body) }) })
}
