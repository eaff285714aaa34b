import { PassThrough } from 'node:stream';
import { text } from 'node:stream/consumers';
import { expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { redactOutput } from '../../src/cli/redact-output.ts';

test('no text that is printed holds a secret, whoever prints it', async () => {
  const token = new Secret('planted-Zq8Wn4Xv7Rb2Kd9T').expose();
  const stream = new PassThrough();
  redactOutput(stream);
  stream.write(`got ${token}\n`);
  stream.write(`or ghp_${'y'.repeat(36)}\n`, 'utf8');
  await new Promise<void>((resolve) => void stream.write('plain\n', () => resolve()));
  stream.write(Buffer.from('bytes\n'));
  stream.write(`end ${token.slice(3)}`);
  stream.end();
  expect(await text(stream)).toMatch(
    /^got \[redacted\]\nor \[redacted\]\nplain\nbytes\nend .{0,2}\[redacted\].{0,2}$/,
  );
});
