// examples/embed.ts, run for real: what it prints tells that the first life was aborted and the second one whole.
import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'

it('examples/embed.ts leaves a workflow in the middle, and runs it again to its end', () => {
  const cwd = join(import.meta.dirname, '../..')
  const { status, stdout, stderr } = spawnSync(process.execPath, ['examples/embed.ts'], {
    cwd,
    encoding: 'utf8',
  })
  expect({ status, stderr: stderr.replace(/^run\/.*\n/gm, '') }).toEqual({ status: 0, stderr: '' })
  expect(stdout.split('\n').filter((line) => !line.startsWith('run/'))).toEqual([
    'the warehouse opens',
    'paused: the shipping is left',
    'packing stops before order 7: teapot',
    'the warehouse closes',
    'the warehouse opens',
    'the warehouse closes',
    'shipped for Ada: order 7: kettle, order 7: teapot',
    'shipped',
    '',
  ])
})
