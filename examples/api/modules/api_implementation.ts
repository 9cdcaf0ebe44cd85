// Makes a server of a description, for the tests to try. It is stopped when the run ends.
import type { Description } from '../description.ts'
import { serve, type Running } from '../server.ts'

export default class ApiImplementation {
  #running: Running | null = null

  async implement_api({ description }: { description: Description }) {
    await this.#running?.stop()
    this.#running = await serve(description)
    return { url: this.#running.url, endpoints: description.endpoints.length }
  }

  async cleanup() {
    await this.#running?.stop()
    console.log('the server under test is stopped')
  }
}
