import { Agency } from '../agency.ts'

export default class extends Agency {
  constructor() {
    super('payments')
  }
}
