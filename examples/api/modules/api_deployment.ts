// Deploys what has passed: a server of its own, and a manifest that says what was released. It serves until the run ends.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { OperationContext } from 'sagachart'
import { sampleOf, type Description } from '../description.ts'
import { serve, type Running } from '../server.ts'

export default class ApiDeployment {
  readonly #folder: string
  #running: Running | null = null

  constructor({ folder }: { folder: string }) {
    this.#folder = join(import.meta.dirname, '..', folder)
  }

  async deploy_api({ description, report }: { description: Description; report: { passed: number } }) {
    await this.#running?.stop()
    this.#running = await serve(description)
    const { resource, version, endpoints } = description
    const manifest = join(this.#folder, `${resource}-${version}.json`)
    mkdirSync(this.#folder, { recursive: true })
    const release = { resource, version, endpoints: endpoints.length, tests_passed: report.passed }
    writeFileSync(`${manifest}.draft`, `${JSON.stringify(release, null, 2)}\n`)
    renameSync(`${manifest}.draft`, manifest)
    return { url: this.#running.url, manifest }
  }

  /** What a first client would do: keeps something, and finds it again. */
  async smoke({ url, description }: { url: string; description: Description }, { signal }: OperationContext) {
    const all = `${url}/${description.resource}`
    const sent = sampleOf(description, 7)
    await fetch(all, { method: 'POST', body: JSON.stringify(sent), signal })
    const kept = (await (await fetch(all, { signal })).json()) as object[]
    if (kept.length === 0) throw new Error(`${all} has lost what it was given`)
    return { kept: kept.length }
  }

  async cleanup() {
    await this.#running?.stop()
    console.log('the deployed server is stopped')
  }
}
