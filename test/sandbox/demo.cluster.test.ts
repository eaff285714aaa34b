import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { z } from 'zod';
import { openShell, type Shell } from './shell.ts';

const report = z.strictObject({
  promotions: z.array(
    z.strictObject({
      environment: z.string(),
      revision: z.string(),
      pullRequest: z.strictObject({ number: z.int(), url: z.url() }),
      milliseconds: z.number().positive(),
      forgeRequests: z.record(z.string(), z.int().positive()),
    }),
  ),
  credentials: z.array(z.strictObject({ name: z.string(), status: z.looseObject({ valid: z.string() }) })),
  reachedLast: z.boolean(),
});

let shell: Shell;

beforeEach(async () => {
  shell = await openShell();
});

afterEach(() => shell.close());

describe('the demo', () => {
  test('--json prints one object: the promotions, their requests, and whose credential it was', async () => {
    const { code, stdout } = await shell.run('npm run -s demo -- --json');
    expect(code).toBe(0);
    const { promotions, credentials, reachedLast } = report.parse(JSON.parse(stdout));
    expect(reachedLast).toBe(true);
    expect(promotions.map(({ environment, revision }) => [environment, revision])).toEqual([
      ['staging', '6.2.0'],
      ['prod', '6.2.0'],
    ]);
    for (const { forgeRequests } of promotions) {
      expect(forgeRequests).toMatchObject({
        'POST /repos/{owner}/{repo}/pulls': 1,
        'POST /graphql updateRefs': 1,
      });
    }
    expect(credentials).toEqual([
      {
        name: 'acme-promoter',
        status: expect.objectContaining({
          kind: 'GitHubApp',
          owner: expect.objectContaining({ login: 'acme-promoter[bot]' }),
          valid: 'True',
          // Of a Pipeline's uses one a minute is shown, and the one for prod mostly comes sooner.
          lastUsed: expect.objectContaining({
            by: expect.stringMatching(/^apps\/podinfo (staging|prod)$/),
            source: 'Controller',
          }),
        }),
      },
    ]);
    expect(await shell.leftBehind()).toEqual([]);
  }, 120_000);

  test.each([
    ['while the cluster starts', 'cluster: etcd and kube-apiserver'],
    ['once the cluster is there', 'cluster: ready at'],
    ['once the controller runs', 'controller: ready'],
    ['while a pull request waits', 'Press Merge on that page'],
  ])(
    'Ctrl-C %s leaves no process and no folder',
    async (_moment, sign) => {
      const demo = shell.start('npm', ['run', 'demo']);
      await demo.untilShown(sign);
      demo.ctrlC();
      await demo.ended;
      expect(await shell.leftBehind()).toEqual([]);
    },
    120_000,
  );

  test('a wrong flag is told with the help and exit code 2', async () => {
    const { code, stderr } = await shell.run('npm run -s demo -- --jsno');
    expect(code).toBe(2);
    expect(stderr).toContain("Unknown option '--jsno'");
    expect(stderr).toContain('Usage: npm run demo');
  });
});
