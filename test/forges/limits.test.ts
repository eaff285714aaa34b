import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { Secret } from '../../src/base/secret.ts';
import { connect } from '../../src/forges/connect.ts';
import { providers } from '../../src/forges/index.ts';
import { eventually } from '../sandbox/cluster/eventually.ts';
import { call, failureOf, type Failure } from './github/opened.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).toReversed()) await close();
});

/** What a call comes to at a forge that answers like this. */
async function failureAt(answer: RequestListener, deadlineMs = 10_000): Promise<Failure> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  closing.push(() => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo; // a TCP server that listens has one
  const apiUrl = `http://127.0.0.1:${port}`;
  const connection = connect(
    { host: 'github.com', provider: 'github', apiUrl, allowPrivateNetwork: true },
    { deadlineMs },
  );
  closing.push(() => connection.close());
  const forge = providers.github.open(
    connection,
    { owner: 'acme', name: 'fleet' },
    { value: new Secret(`ghp_${'a'.repeat(36)}`) },
  );
  return await failureOf(forge.pullRequest(7, call()));
}

describe('an answer is bounded:', () => {
  test('a header that is too large', async () => {
    const failure = await failureAt((_, response) => {
      response.writeHead(200, { 'x-large': 'x'.repeat(40_000) }).end('{}');
    });
    expect(failure).toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('(UND_ERR_HEADERS_OVERFLOW)'),
    });
  });

  test('too many headers', async () => {
    const failure = await failureAt((_, response) => {
      for (let at = 0; at < 3_000; at += 1) response.setHeader(`x-${at}`, 'some words');
      response.end('{}');
    });
    expect(failure).toMatchObject({
      code: 'Unavailable',
      message: expect.stringContaining('(UND_ERR_HEADERS_OVERFLOW)'),
    });
  });

  test.each([
    [200, 'Malformed'],
    [404, 'NotFound'],
    [500, 'Unavailable'],
  ])('a body that goes on and on, after %d', async (status, code) => {
    let closed = false;
    const failure = await failureAt((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' });
      const piece = ' '.repeat(64 * 1024);
      const more = (): void => {
        while (!response.destroyed && response.write(piece));
      };
      response.on('drain', more).on('close', () => (closed = true));
      more();
    });
    expect(failure).toMatchObject({ code });
    expect(failure.message).not.toMatch(/within/);
    await eventually('the rest is not waited for', () => closed);
  });

  test.each([
    ['before its headers', false],
    ['within its body', true],
  ])('one that stops %s', async (_, hasHead) => {
    const failure = await failureAt((_request, response) => {
      if (hasHead) response.writeHead(200, { 'content-type': 'application/json' }).write('{"number":');
    }, 50);
    expect(failure).toMatchObject({
      code: 'Unavailable',
      message: 'github.com did not read pull request 7 within 0.05 s; it is tried again',
    });
  });

  test('one that comes a byte at a time', async () => {
    const failure = await failureAt((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      const drip = (): void => {
        if (!response.destroyed) response.write(' ', () => setImmediate(drip));
      };
      drip();
    }, 50);
    expect(failure).toMatchObject({ code: 'Unavailable', message: expect.stringContaining('within 0.05 s') });
  });
});
