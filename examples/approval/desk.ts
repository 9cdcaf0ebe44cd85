// A desk where people decide: requests are posted to it over HTTP on loopback, and so are decisions. Who decides, and how, is
// simulated: a person who approves, rejects, or says nothing at all.
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'

/** What a person does with a request. */
export type Answer = 'approve' | 'reject' | 'silence'

/** A decision, as it is posted. */
export interface Decision {
  readonly request: string
  readonly approved: boolean
  readonly by: string
}

/** The desk. */
export class Desk {
  private server: Server | null = null
  private url = ''
  private requests = 0
  /** Told of every decision. */
  onDecision: (decision: Decision) => void = () => {}

  async open(): Promise<void> {
    this.server = createServer((request, response) => {
      void json(request).then((decision) => {
        this.onDecision(decision as Decision)
        response.writeHead(204).end()
      })
    }).listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    const closed = this.server && once(this.server, 'close')
    this.server?.close().closeAllConnections()
    await closed
  }

  /** Lays a request before the person, who decides a little later. */
  ask(answer: Answer): { id: string } {
    const id = `request-${++this.requests}`
    const decision: Decision = { request: id, approved: answer === 'approve', by: 'Grace' }
    // Another one is decided, too: not every decision is the one that is waited for.
    for (const body of answer === 'silence' ? [] : [{ ...decision, request: 'another' }, decision])
      setTimeout(() => void fetch(this.url, { method: 'POST', body: JSON.stringify(body) }), 50)
    return { id }
  }
}
