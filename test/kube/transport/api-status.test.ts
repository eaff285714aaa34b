import { describe, expect, test } from '@jest/globals';
import { failureOf, refusalOf } from '../../../src/kube/transport/api-status.ts';

const forbidden = {
  kind: 'Status',
  apiVersion: 'v1',
  status: 'Failure',
  message: 'boats is forbidden',
  reason: 'Forbidden',
  details: { retryAfterSeconds: 2 },
  code: 403,
};
const told = 'denied; you sent Authorization: Bearer abc';

describe('a refusal', () => {
  const answered = (body: unknown): unknown =>
    refusalOf('GET /boats', { status: 403, headers: {}, text: JSON.stringify(body) });

  test("has the API server's own sentence", () => {
    expect(answered(forbidden)).toMatchObject({
      code: 'Forbidden',
      status: 403,
      message: 'GET /boats: boats is forbidden',
      retryAfterMs: 2_000,
    });
  });

  test.each<[string, unknown]>([
    ['of no kind', { message: told }],
    ['of another kind', { ...forbidden, kind: 'Refusal', message: told }],
    ['that is a list', [{ ...forbidden, message: told }]],
    ['that is a text', told],
  ])('has a code and no word of an answer %s', (_, body) => {
    expect(answered(body)).toMatchObject({
      code: 'Forbidden',
      status: 403,
      message: 'GET /boats: answered 403',
      retryAfterMs: undefined,
    });
  });
});

describe('the failure of a watch', () => {
  const expired = { ...forbidden, message: 'too old', reason: 'Expired', code: 410 };

  test("has the API server's own sentence", () => {
    expect(failureOf('watch boats', expired)).toMatchObject({
      code: 'Gone',
      status: 410,
      message: 'watch boats: too old',
      retryAfterMs: 2_000,
    });
  });

  test.each<[string, unknown]>([
    ['of no kind', { code: 410, message: told }],
    ['of another kind', { ...expired, kind: 'Boat', message: told }],
  ])('has the code and no word of an object %s, so that all is read anew', (_, object) => {
    expect(failureOf('watch boats', object)).toMatchObject({
      code: 'Gone',
      status: 410,
      message: 'watch boats: failed',
      retryAfterMs: undefined,
    });
  });

  test.each([
    ['nothing', undefined],
    ['a text', told],
    ['no code', { message: told }],
  ])('is Unavailable where there is %s', (_, object) => {
    expect(failureOf('watch boats', object)).toMatchObject({
      code: 'Unavailable',
      status: undefined,
      message: 'watch boats: failed',
    });
  });
});
