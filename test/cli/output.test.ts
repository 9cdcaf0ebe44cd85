// What is printed where it cannot be written: told, with 2. Linux has a device that is always full, and shells that bound files.
import { spawnSync } from 'node:child_process'
import { existsSync, openSync, closeSync, readFileSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { BIN, flow, folderWith, step } from './command.ts'

const folder = folderWith({
  'flow.yaml': flow([step('a', 'ok')]),
  'bad.yaml': flow([step('a', 'oops')]),
  'logged.yaml': JSON.stringify({
    ...(JSON.parse(flow([step('a', 'ok')])) as object),
    logging: { file: 'run.log', level: 'DEBUG' },
  }),
  'modules/m.mjs': `export default { ok: () => { console.log('printed by a module') } }`,
})

const FULL = '/dev/full'

/** Runs the command with streams that lead to files. */
function led(args: readonly string[], to: { readonly stdout?: string; readonly stderr?: string }) {
  const opened = [to.stdout, to.stderr].map((file) => (file === undefined ? 'pipe' : openSync(file, 'w')))
  const { status, stdout, stderr } = spawnSync(process.execPath, [BIN, ...args], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', ...opened],
  })
  for (const stream of opened) if (typeof stream === 'number') closeSync(stream)
  return { status, stdout, stderr }
}

/** Runs the command where no file may have more than so many kilobytes. */
const bounded = (kilobytes: number, command: string) =>
  spawnSync('bash', ['-c', `ulimit -f ${kilobytes}; exec "$NODE" "$BIN" ${command}`], {
    cwd: folder,
    encoding: 'utf8',
    env: { ...process.env, NODE: process.execPath, BIN },
  })

const isFullThere = existsSync(FULL)

describe.skipIf(!isFullThere)(
  `a full device${isFullThere ? '' : ' (skipped: there is no /dev/full here)'}`,
  () => {
    it.each([
      'run flow.yaml',
      'run flow.yaml --json',
      'run flow.yaml --no-drill',
      'validate flow.yaml',
      'validate --json bad.yaml',
      'simulate flow.yaml',
      'simulate flow.yaml --json',
      'check flow.yaml',
      'check flow.yaml --json',
      'graph flow.yaml',
      'graph flow.yaml --format json',
      'graph --machine step --format xstate',
      'graph --machine',
      'schema',
      '--help',
      '--version',
    ])('as stdout is told, with 2: %s', (line) => {
      const { status, stderr } = led(line.split(' '), { stdout: FULL })
      expect(status).toBe(2)
      expect(stderr).toMatch(
        /^sagachart: stdout can't be written \(ENOSPC: [^\n]*\); make room, or lead it elsewhere\n$/m,
      )
    })

    it.each(['run bad.yaml', 'validate bad.yaml', 'rum'])('as stderr ends with 2: %s', (line) => {
      expect(led(line.split(' '), { stderr: FULL }).status).toBe(2)
    })

    it('as stderr changes the exit code of a run that logs', () => {
      const speaker = `export default { say: (_, { log }) => log('hello') }`
      const speaking = folderWith({ 'flow.yaml': flow([step('a', 'say')]), 'modules/m.mjs': speaker })
      const { status, stdout } = led(['run', join(speaking, 'flow.yaml')], { stderr: FULL })
      expect(status).toBe(2)
      expect(stdout).toContain('✓ flow completed')
    })

    it('as the file of a result is told, with 2', () => {
      const { status, stderr } = led(['run', 'flow.yaml', '--output', FULL], {})
      expect(status).toBe(2)
      expect(stderr).toMatch(
        /^sagachart run: the result could not be written to \/dev\/full \(ENOSPC.*; give another --output$/m,
      )
    })
  },
)

describe('a file that has no room for all', () => {
  it('as stdout is told, although the system took a part of the last write', () => {
    const { status, stderr } = bounded(1, 'schema > schema.json')
    expect(status).toBe(2)
    expect(stderr).toMatch(/^sagachart: stdout can't be written \(EFBIG/)
    expect(statSync(join(folder, 'schema.json')).size).toBe(1024)
  })

  it.each(['schema', 'graph --machine step', 'run flow.yaml'])(
    'as --output of %s is told, and nothing is left',
    (line) => {
      const { status, stderr } = bounded(1, `${line} --output part.json`)
      expect(status).toBe(2)
      expect(stderr).toMatch(
        /the result could not be written to .*part\.json \(EFBIG.*\); give another --output\n$/,
      )
      expect(readdirSync(folder).filter((name) => /part|draft/.test(name))).toEqual([])
    },
  )

  it('as the log is told, with 2, although the run completes', () => {
    let ends = bounded(1, 'run logged.yaml')
    for (let run = 0; run < 3 && ends.status === 0; run++) ends = bounded(1, 'run logged.yaml')
    expect(ends.status).toBe(2)
    expect(ends.stdout).toContain('✓ flow completed')
    expect(ends.stderr).toMatch(
      /^sagachart run: the log file \S+ can't be written any more \(EFBIG.*; the run goes on without\n$/,
    )
    expect(readFileSync(join(folder, 'run.log'), 'utf8')).toHaveLength(1024)
  })
})

describe('a reader that goes away', () => {
  it.each(['schema', 'run flow.yaml --json'])('is no failure: %s', (line) => {
    const { stdout, stderr } = spawnSync(
      'bash',
      ['-c', `"$NODE" "$BIN" ${line} | head -c 10 > /dev/null; echo \${PIPESTATUS[0]}`],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, NODE: process.execPath, BIN },
      },
    )
    expect({ stdout, stderr: stderr.replace('printed by a module\n', '') }).toEqual({
      stdout: '0\n',
      stderr: '',
    })
  })
})
