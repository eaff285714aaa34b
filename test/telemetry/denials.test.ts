import { expect, test } from '@jest/globals';
import { Denials } from '../../src/telemetry/denials.ts';

const minuteMs = 60_000;
const update = { verb: 'update', resource: 'leases' };
const made = (): Denials => new Denials({ election: 'leases', 'status-pipelines': 'pipelines/status' });
const denied = (denials: Denials, now = 0): readonly string[] =>
  denials.facts(now).flatMap(({ denied: each }) => each);

test('nothing is denied before anything was asked', () => {
  expect(made().facts(0)).toEqual([
    { use: 'election', denied: [] },
    { use: 'status-pipelines', denied: [] },
  ]);
});

test.each(['401', '403'])('%s is told of what it was for, and of nothing else', (code) => {
  const denials = made();
  denials.note({ ...update, code }, 0);
  denials.note({ verb: 'get', resource: 'secrets', code }, 0);
  expect(denials.facts(0)).toEqual([
    { use: 'election', denied: ['update leases'] },
    { use: 'status-pipelines', denied: [] },
  ]);
});

test.each([
  ['200', []],
  ['404', []],
  ['409', []],
  ['422', []],
  ['429', ['update leases']],
  ['500', ['update leases']],
  ['Unavailable', ['update leases']],
  ['Aborted', ['update leases']],
])('%s after it leaves %j', (code, left) => {
  const denials = made();
  denials.note({ ...update, code: '403' }, 0);
  denials.note({ ...update, code }, 0);
  expect(denied(denials)).toEqual(left);
});

test('what is permitted of one verb says nothing of another', () => {
  const denials = made();
  denials.note({ ...update, code: '403' }, 0);
  denials.note({ ...update, verb: 'get', code: '200' }, 0);
  expect(denied(denials)).toEqual(['update leases']);
});

test('what was not tried again for five minutes is forgotten', () => {
  const denials = made();
  denials.note({ ...update, code: '403' }, 0);
  expect(denied(denials, 5 * minuteMs - 1)).toEqual(['update leases']);
  expect(denied(denials, 5 * minuteMs)).toEqual([]);
});

test('what was not tried yet is denied when the API server says so, until it says otherwise', () => {
  const denials = made();
  denials.asked({ ...update, isHeld: false });
  expect(denied(denials, 60 * minuteMs)).toEqual(['update leases']);
  denials.asked({ ...update, isHeld: true });
  expect(denied(denials)).toEqual([]);
});

test('what it says when it is asked counts for nothing against what a request met', () => {
  const denials = made();
  denials.note({ ...update, code: '403' }, 0);
  denials.asked({ ...update, isHeld: true });
  expect(denied(denials, 1)).toEqual(['update leases']);
  denials.note({ ...update, code: '200' }, 2);
  denials.asked({ ...update, isHeld: false });
  expect(denied(denials, 3)).toEqual([]);
  // Until a request is denied again; what it was told then ends with its time.
  denials.note({ ...update, code: '403' }, 4);
  expect(denied(denials, 5)).toEqual(['update leases']);
  expect(denied(denials, 6 * minuteMs)).toEqual([]);
});
