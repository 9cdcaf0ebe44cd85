// A small HTTP service on loopback: routes that answer in JSON, a health check, and an orderly end. Each of the four
// modules makes one.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** What a route answers. */
export interface Answer {
  readonly status: number
  readonly body: unknown
}

/** A request, read. */
export interface Call {
  /** `GET /users/:id` matches `/users/ada` with `ada`. */
  readonly parts: readonly string[]
  readonly token: string
  readonly body: unknown
}

/** Routes by method and path; `:` stands for a part that is handed over. */
export type Routes = Readonly<Record<string, (call: Call) => Answer | Promise<Answer>>>

/** A server that is of use once its preparation is done. */
export class Service {
  readonly name: string
  private readonly routes: Routes
  private server: Server | null = null
  private health = 'preparing'
  private requests = 0

  constructor(name: string, routes: Routes) {
    this.name = name
    this.routes = routes
  }

  /** Listens on a port of the system's choice; healthy once `prepare` is done. */
  async start(prepare: () => Promise<unknown>): Promise<{ url: string }> {
    this.server ??= createServer((request, response) => {
      void this.answer(request).then(({ status, body }) => {
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
      })
    })
    if (!this.server.listening) await once(this.server.listen(0, '127.0.0.1'), 'listening')
    prepare().then(
      () => (this.health = 'ready'),
      (error: unknown) => (this.health = String(error)),
    )
    return { url: `http://127.0.0.1:${(this.server.address() as AddressInfo).port}` }
  }

  /** Ends every connection, and resolves once nobody listens any more. */
  async stop(): Promise<void> {
    const { server } = this
    if (!server) return
    this.server = null
    const closed = once(server, 'close')
    server.close()
    server.closeAllConnections()
    await closed
    console.log(`${this.name} stopped after ${this.requests} requests`)
  }

  private async answer(request: IncomingMessage): Promise<Answer> {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname
    if (path === '/health')
      return { status: this.health === 'ready' ? 200 : 503, body: { health: this.health } }
    this.requests++
    for (const [pattern, route] of Object.entries(this.routes)) {
      const parts = match(pattern, `${request.method} ${path}`)
      if (parts === null) continue
      try {
        const token = (request.headers.authorization ?? '').replace('Bearer ', '')
        return await route({ parts, token, body: request.method === 'POST' ? await json(request) : null })
      } catch (error) {
        return { status: 500, body: { error: String(error) } }
      }
    }
    return { status: 404, body: { error: `no ${request.method} ${path}` } }
  }
}

function match(pattern: string, found: string): string[] | null {
  const [wanted, given] = [pattern.split('/'), found.split('/')]
  const parts: string[] = []
  if (wanted.length !== given.length) return null
  for (const [at, part] of wanted.entries()) {
    if (part.startsWith(':')) parts.push(decodeURIComponent(given[at]!))
    else if (part !== given[at]) return null
  }
  return parts
}

/** An answer that is a refusal: trying again cannot help. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** Asks another service. @throws Refused where it answers with 4xx, an Error where it does not work */
export async function ask(
  url: string,
  options: { body?: unknown; token?: string; signal?: AbortSignal } = {},
): Promise<Record<string, unknown>> {
  const { body, token, signal } = options
  const response = await fetch(url, {
    ...(signal && { signal }),
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
    headers: token === undefined ? {} : { authorization: `Bearer ${token}` },
  })
  const answer = (await response.json()) as Record<string, unknown>
  if (response.ok) return answer
  const message = `${url} answered ${response.status}: ${String(answer['error'])}`
  throw response.status < 500 ? new Refused(message) : new Error(message)
}
