import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { startInstruments, type Instruments } from '../../src/cli/instruments.ts';
import { createLog } from '../../src/telemetry/log.ts';
import { countResources, nothingLeft, type Resources } from '../kube/leaks.ts';
import { runtimeFacts } from '../telemetry/facts.ts';

/** All but what measures durations, of which the servers have their own. */
const real = [
  'Date',
  'hrtime',
  'nextTick',
  'queueMicrotask',
  'setImmediate',
  'clearImmediate',
  'setInterval',
  'clearInterval',
  'setTimeout',
  'clearTimeout',
] as const;

let instruments: Instruments;
let port: number;
let before: Resources;
beforeEach(async () => {
  before = countResources();
  jest.useFakeTimers({ doNotFake: [...real] });
  const log = createLog('info', {
    write: (line) => {
      ({ port } = JSON.parse(line) as { port: number }); // the one line that is logged
    },
  });
  instruments = await startInstruments({ host: '127.0.0.1', port: 0 }, log);
});
afterEach(async () => {
  await instruments.stop();
  jest.useRealTimers();
});

async function ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { headers: { connection: 'close' } });
  return { status: response.status, body: await response.text() };
}

const scrapedLag = async (): Promise<string | undefined> =>
  /^lockkeeper_event_loop_lag_seconds (.*)$/m.exec((await ask('/metrics')).body)?.[1];

/** Twenty seconds in which nothing had its turn. */
const holdUp = (): void => jest.advanceTimersByTime(20_000);

test('a hold-up of the event loop fails the liveness probe once, and is scraped once, whoever comes first', async () => {
  instruments.follow(() => runtimeFacts());
  expect([(await ask('/livez')).status, await scrapedLag()]).toEqual([200, '0']);
  holdUp();
  const { status, body } = await ask('/livez?verbose');
  expect([status, body]).toEqual([503, expect.stringContaining('was held up for 20 s')]);
  expect([await scrapedLag(), (await ask('/livez')).status, await scrapedLag()]).toEqual(['19.9', 200, '0']);
  holdUp();
  expect([await scrapedLag(), (await ask('/livez')).status]).toEqual(['19.9', 503]);
});

test('nothing is ready before there are facts; from then on health and metrics are told from them', async () => {
  const leading = /^lockkeeper_leader 1$/m;
  const unready = await ask('/readyz?verbose');
  expect([unready.status, unready.body]).toEqual([503, expect.stringContaining('nothing is watched yet')]);
  expect((await ask('/metrics')).body).not.toMatch(leading);
  instruments.follow(() => runtimeFacts());
  expect((await ask('/readyz')).status).toBe(200);
  expect((await ask('/metrics')).body).toMatch(leading);
});

test('nothing is served where that is what is wanted, nor said to be', async () => {
  const lines: string[] = [];
  const quiet = await startInstruments(
    'nowhere',
    createLog('info', { write: (line) => void lines.push(line) }),
  );
  expect(lines).toEqual([]);
  await quiet.stop();
});

test('nothing is left once they are stopped', async () => {
  await ask('/livez');
  await instruments.stop();
  await nothingLeft(before);
});
