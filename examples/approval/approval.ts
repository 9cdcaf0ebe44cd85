// The approval of approval.yaml, from TypeScript: npm exec -- node examples/approval/approval.ts [approve|reject|silence]
// Here the desk is no module: its decisions are sent to the run from outside.
import { createActor, toPromise } from 'xstate'
import { setup } from 'sagachart'
import { Desk, type Answer, type Decision } from './desk.ts'
import ledger from './modules/ledger.ts'

const desk = new Desk()
const asking = { ask: ({ answer }: { answer: Answer }) => desk.ask(answer) }
const at = setup({ modules: { asking, ledger } })
const afterRequest = at.within<{ steps: { request: { id: string } } }>()
const afterDecision = at.within<{ steps: { decision: Decision | null }; inputs: { amount: number } }>()

const payOnApproval = at.createWorkflow({
  id: 'pay_on_approval',
  inputs: { amount: { type: 'integer', default: 250 }, answer: { type: 'string', default: 'approve' } },
  steps: {
    request: { invoke: 'asking.ask', parameters: ({ inputs }) => ({ answer: inputs.answer as Answer }) },
    decision: {
      invoke: afterRequest.waitForEvent('decided', {
        filter: ({ event, steps }) => (event.data as Decision).request === steps.request.output.id,
        timeout: '1s',
        onTimeout: 'continue',
        output: ({ event }) => event.data as Decision,
      }),
      dependsOn: ['request'],
    },
    settle: {
      invoke: afterDecision.choose({
        cases: [
          {
            when: ({ steps }) => steps.decision.output === null,
            steps: afterDecision.branch({
              escalate: {
                invoke: 'ledger.write',
                parameters: ({ inputs }) => ({
                  to: 'the board',
                  about: `nobody decided on ${inputs.amount}`,
                }),
              },
            }),
          },
          {
            when: ({ steps }) => steps.decision.output?.approved === true,
            steps: afterDecision.branch({
              pay: { invoke: 'ledger.pay', parameters: ({ inputs }) => ({ amount: inputs.amount }) },
            }),
          },
        ],
        default: afterDecision.branch({
          refuse: {
            invoke: 'ledger.write',
            parameters: ({ steps }) => ({
              to: 'whoever asked',
              about: `${steps.decision.output?.by} says no`,
            }),
          },
        }),
      }),
      dependsOn: ['decision'],
    },
  },
  outputs: { settled: ({ steps }) => steps.settle.output },
})

await desk.open()
const answer = process.argv[2] ?? 'approve'
const actor = createActor(payOnApproval, { input: { inputs: { answer } } })
desk.onDecision = (data) => actor.send({ type: 'run.signal', event: 'decided', data })
const report = await toPromise(actor.start())
await desk.close()
console.log(report.status, JSON.stringify(report.outputs))
