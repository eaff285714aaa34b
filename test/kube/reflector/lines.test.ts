import { expect, test } from '@jest/globals';
import { readLines } from '../../../src/kube/reflector/lines.ts';

async function* pieces(...all: readonly (string | Uint8Array)[]): AsyncGenerator<Uint8Array> {
  for (const each of all) yield await Promise.resolve(Buffer.from(each));
}

async function linesOf(...all: readonly (string | Uint8Array)[]): Promise<string[]> {
  const lines: string[] = [];
  for await (const line of readLines(pieces(...all))) lines.push(line);
  return lines;
}

test('a piece may hold several lines, and a line may come in several pieces', async () => {
  expect(await linesOf('one\ntwo\nth', 'r', 'ee\n')).toEqual(['one', 'two', 'three']);
});

test('a character may be cut anywhere', async () => {
  const text = Buffer.from('{"name":"gemütlich 🚢"}\n');
  for (let at = 1; at < text.length; at += 1) {
    expect(await linesOf(text.subarray(0, at), text.subarray(at))).toEqual(['{"name":"gemütlich 🚢"}']);
  }
});

test('empty lines are nothing', async () => {
  expect(await linesOf('\n\none\n \r\ntwo\r\n')).toEqual(['one', 'two\r']);
});

test('a line that was not finished is half an event, and is left out', async () => {
  expect(await linesOf('one\ntw')).toEqual(['one']);
});

test('many lines may come to more than one line may', async () => {
  const line = 'x'.repeat(1024 * 1024);
  expect(await linesOf(...Array.from({ length: 20 }, () => `${line}\n`))).toHaveLength(20);
});

test('nor do lines that were cut count together', async () => {
  const half = 'x'.repeat(512 * 1024);
  const halves = Array.from({ length: 20 }, () => [half, `${half}\n`]).flat();
  expect(await linesOf(...halves)).toHaveLength(20);
});

test('a line without end is not kept', async () => {
  const piece = 'x'.repeat(1024 * 1024);
  await expect(linesOf('one\n', ...Array.from({ length: 9 }, () => piece))).rejects.toMatchObject({
    code: 'Malformed',
    message: 'a watch event is longer than 8388608 bytes',
  });
});
