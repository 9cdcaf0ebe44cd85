// A server that does what a description says: it interprets the description, and keeps items in memory.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import { faultOf, type Description, type Endpoint, type Item } from './description.ts'

/** A running API. */
export interface Running {
  readonly url: string
  stop(): Promise<void>
}

interface Answer {
  readonly status: number
  readonly body?: unknown
}

/** Serves an API on loopback, on a port of the system's choice. */
export async function serve(description: Description): Promise<Running> {
  const items = new Map<number, Item>()
  const server: Server = createServer((request, response) => {
    void answer(request, description, items)
      .catch((error: unknown): Answer => ({ status: 400, body: { error: String(error) } }))
      .then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json', 'api-version': description.version })
        response.end(body === undefined ? undefined : JSON.stringify(body))
      })
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}

async function answer(
  request: IncomingMessage,
  description: Description,
  items: Map<number, Item>,
): Promise<Answer> {
  const { method = 'GET', url = '/' } = request
  const found = description.endpoints
    .map((endpoint) => ({ endpoint, id: idIn(endpoint, method, url) }))
    .find(({ id }) => id !== null)
  if (!found) return { status: 404, body: { error: `no ${method} ${url}` } }
  const { endpoint, id } = found
  const needsItem = endpoint.path.endsWith('{id}')
  if (needsItem && !items.has(id!)) return { status: 404, body: { error: `no item ${id}` } }
  const sent = endpoint.does === 'create' || endpoint.does === 'replace' ? await json(request) : null
  const fault = sent === null ? null : faultOf(sent, description)
  if (fault !== null) return { status: 422, body: { error: fault } }
  return { status: endpoint.status, body: act(endpoint, id!, sent as Item, items) }
}

function act({ does }: Endpoint, id: number, sent: Item, items: Map<number, Item>): unknown {
  switch (does) {
    case 'list':
      return [...items].map(([key, item]) => ({ id: key, ...item }))
    case 'read':
      return { id, ...items.get(id) }
    case 'create': {
      const key = Math.max(0, ...items.keys()) + 1
      items.set(key, sent)
      return { id: key, ...sent }
    }
    case 'replace':
      items.set(id, sent)
      return { id, ...sent }
    case 'remove':
      items.delete(id)
      return undefined
  }
}

/** The number in a path, 0 where it has none; `null` where the endpoint is another. */
function idIn(endpoint: Endpoint, method: string, url: string): number | null {
  if (endpoint.method !== method) return null
  const base = endpoint.path.replace('{id}', '')
  const rest = url.startsWith(base) ? url.slice(base.length) : null
  if (rest === null) return null
  if (!endpoint.path.endsWith('{id}')) return rest === '' ? 0 : null
  return /^[1-9]\d*$/.test(rest) ? Number(rest) : null
}
