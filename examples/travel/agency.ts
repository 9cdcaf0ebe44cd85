// A service that takes bookings over HTTP on loopback, and can be told to fail. It books once for a key, however often it is
// asked with it, and refuses a name that it was told to decline. Each of the four modules makes one.
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { json } from 'node:stream/consumers'
import type { OperationContext } from 'sagachart'

/** What an agency is asked for. */
export interface Wish {
  readonly traveller: string
  readonly what: string
  readonly price: number
  /** Agencies that decline, by name: how this example is told to fail. */
  readonly declined: readonly string[]
}

/** What an agency gives. */
export interface Booking {
  readonly id: string
  readonly price: number
}

/** A service with its own bookings; as a module it starts with the run and ends with it. */
export class Agency {
  readonly name: string
  private server: Server | null = null
  private url = ''
  /** By key: a second request with the same one changes nothing. */
  private readonly bookings = new Map<string, Booking>()
  private made = 0
  private cancelled = 0
  private requests = 0

  constructor(name: string) {
    this.name = name
  }

  async init(): Promise<void> {
    this.server = createServer((request, response) => {
      void this.answer(request).then(([status, body]) => {
        const headers = {
          'content-type': 'application/json',
          ...(status === 503 && { 'retry-after': '0.05' }),
        }
        response.writeHead(status, headers).end(JSON.stringify(body))
      })
    }).listen(0, '127.0.0.1')
    await once(this.server, 'listening')
    this.url = `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  async cleanup(): Promise<void> {
    const closed = this.server && once(this.server, 'close')
    this.server?.close().closeAllConnections()
    await closed
    console.log(`${this.name}: ${this.made} booked, ${this.cancelled} cancelled, ${this.bookings.size} left`)
  }

  /** Books. The key is that of the step, not of the attempt: what is tried again is not booked again. */
  readonly book = async (wish: Wish, { idempotencyKey, signal }: OperationContext): Promise<Booking> => {
    const response = await fetch(`${this.url}/bookings`, {
      method: 'POST',
      headers: { 'idempotency-key': idempotencyKey },
      body: JSON.stringify(wish),
      signal,
    })
    const answer = (await response.json()) as Booking & { readonly error?: string }
    if (response.ok) return answer
    throw Object.assign(new Error(`${this.name}: ${answer.error}`), {
      name: response.status === 402 ? 'Declined' : 'Unavailable',
      retryable: response.status >= 500,
      retryAfter: response.headers.get('retry-after'),
    })
  }

  /** Takes a booking back; one that is not there is no mistake. */
  readonly cancel = async ({ id }: { readonly id: string }, { signal }: OperationContext): Promise<void> => {
    const response = await fetch(`${this.url}/bookings/${id}`, { method: 'DELETE', signal })
    if (!response.ok) throw new Error(`${this.name}: ${id} could not be cancelled`)
  }

  private async answer(request: IncomingMessage): Promise<[status: number, body: unknown]> {
    const path = request.url ?? ''
    if (request.method === 'DELETE') {
      const id = path.slice('/bookings/'.length)
      for (const [key, booking] of this.bookings) {
        if (booking.id !== id) continue
        this.bookings.delete(key)
        this.cancelled++
      }
      return [200, {}]
    }
    const wish = (await json(request)) as Wish
    // The first request finds it busy: whoever asks has to ask again.
    if (this.requests++ === 0) return [503, { error: 'busy' }]
    if (wish.declined.includes(this.name)) return [402, { error: `declined ${wish.what}` }]
    const key = String(request.headers['idempotency-key'])
    const booking = this.bookings.get(key) ?? { id: `${this.name}-${++this.made}`, price: wish.price }
    this.bookings.set(key, booking)
    return [201, booking]
  }
}
