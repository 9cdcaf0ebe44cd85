// Knows the users and where they live.
import { readFile } from 'node:fs/promises'
import { Service } from '../service.ts'

type Users = Record<string, { name: string; address: string }>

export default class UserService {
  #users: Users = {}
  readonly #service = new Service('user_service', {
    'GET /users/:id': ({ parts: [id = ''] }) =>
      Object.hasOwn(this.#users, id)
        ? { status: 200, body: this.#users[id] }
        : { status: 404, body: { error: `no user ${id}` } },
  })

  start_service() {
    return this.#service.start(async () => {
      const text = await readFile(new URL('../data/users.json', import.meta.url), 'utf8')
      this.#users = JSON.parse(text) as Users
    })
  }

  cleanup() {
    return this.#service.stop()
  }
}
