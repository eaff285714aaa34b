import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { runCommand } from '../../sandbox/cluster/run-command.ts';
import { hostileKubeconfigs } from './hostile-kubeconfigs.ts';

// One file that must not be read and one that only a program would make.
const folder = mkdtempSync(join(tmpdir(), 'lockkeeper-hostile-'));
const canary = join(folder, 'canary');
const started = join(folder, 'started');
writeFileSync(canary, 'canary');
afterAll(() => rmSync(folder, { recursive: true }));
const hostile = hostileKubeconfigs(canary, started);

/** What judges them may read the project and nothing else, and may start nothing; proven by trying both. */
const judge = `
  import { spawnSync } from 'node:child_process';
  import { readFileSync } from 'node:fs';
  import { Secret } from './src/base/secret.ts';
  import { remoteKubeconfig } from './src/kube/clusters/remote-kubeconfig.ts';
  const outcomeOf = (what) => { try { what(); return 'taken'; } catch (thrown) { return [thrown.code, thrown.message]; } };
  const { canary, texts } = JSON.parse(await new Response(process.stdin).text());
  const began = performance.now();
  const outcomes = texts.map((text) => outcomeOf(() => remoteKubeconfig(new Secret(text, 'stored'), 'SECRET')));
  const milliseconds = performance.now() - began;
  const reading = outcomeOf(() => readFileSync(canary))[0];
  const starting = outcomeOf(() => spawnSync('true'))[0];
  process.stdout.write(JSON.stringify({ outcomes, milliseconds, reading, starting }));
`;
const judgement = z.object({
  outcomes: z.array(z.tuple([z.string(), z.string()]).or(z.literal('taken'))),
  milliseconds: z.number(),
  reading: z.string(),
  starting: z.string(),
});

let judged: z.output<typeof judgement>;
beforeAll(async () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const { stdout, stderr } = await runCommand({
    file: process.execPath,
    args: ['--permission', `--allow-fs-read=${root}`, '--input-type=module', '--eval', judge],
    cwd: root,
    env: {},
    stdin: JSON.stringify({ canary, texts: hostile.map(([, text]) => text) }),
    signal: AbortSignal.timeout(60_000),
  });
  judged = judgement.parse(JSON.parse(stdout || JSON.stringify(stderr)));
  process.stderr.write(
    `${hostile.length} hostile kubeconfigs refused in ${Math.round(judged.milliseconds)} ms\n`,
  );
}, 60_000);

test('what judges hostile kubeconfigs can read no other file and start no program', () => {
  expect([judged.reading, judged.starting]).toEqual(['ERR_ACCESS_DENIED', 'ERR_ACCESS_DENIED']);
});

test.each(hostile.map(([name, , sentence], index) => ({ name, sentence, index })))(
  'a kubeconfig from a Secret is refused for $name',
  ({ sentence, index }) => {
    expect(judged.outcomes[index]).toEqual(['KubeconfigInvalid', `kubeconfig SECRET${sentence}`]);
    expect(sentence).not.toContain('canary');
  },
);

test('no hostile kubeconfig started a program', () => {
  expect(existsSync(started)).toBe(false);
});
