// The desk as a module of a document: what is decided there comes onto the bus as `decided`.
import type { OperationContext } from 'sagachart'
import { Desk, type Answer } from '../desk.ts'

export default class {
  private readonly desk = new Desk()

  init(): Promise<void> {
    return this.desk.open()
  }

  cleanup(): Promise<void> {
    return this.desk.close()
  }

  readonly ask = ({ answer }: { readonly answer: Answer }, { emit }: OperationContext): { id: string } => {
    this.desk.onDecision = (decision) => emit('decided', decision)
    return this.desk.ask(answer)
  }
}
