import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { fastImportStream, markedPath, releaseInStaging, type FleetSize } from './fleet-generator.ts';

const pipelines = ['podinfo'];

/** The paths that a stream writes, commit by commit. */
function written(size: FleetSize): string[][] {
  const text = [...fastImportStream(size)].join('');
  return text
    .split('commit refs/heads/main\n')
    .slice(1)
    .map((commit) => [...commit.matchAll(/^M 100644 inline (.+)$/gm)].map(([, path]) => path ?? ''));
}

describe('a generated fleet', () => {
  test.each([56, 2_000, 20_000])('has exactly %i files in its first commit', (files) => {
    const [first] = written({ files, history: 0, pipelines });
    expect(first).toHaveLength(files);
    expect(new Set(first).size).toBe(files);
  });

  test('has its history, and no commit of it adds or removes a file', () => {
    const [first, ...later] = written({ files: 56, history: 20, pipelines });
    expect(later).toHaveLength(20);
    expect(later.every((paths) => paths.length === 3)).toBe(true);
    expect(later.flat().filter((path) => first?.includes(path) !== true)).toEqual([]);
  });

  test('has one marker for each Pipeline, from the first commit to the last', () => {
    const size = { files: 200, history: 20, pipelines: ['one', 'two'] };
    const markers = [...fastImportStream(size)].flatMap((part) => part.match(/\$promotion": "[^"]+"/g) ?? []);
    expect(markers).toEqual(['$promotion": "apps:one:staging"', '$promotion": "apps:two:staging"']);
    expect(written(size)[0]).toEqual(expect.arrayContaining([markedPath('one'), markedPath('two')]));
    expect(releaseInStaging('one', '7.0.0')).toContain('version: 7.0.0 # {"$promotion": "apps:one:staging"}');
  });

  test('is the same one each time, byte for byte', () => {
    const hash = (): string => {
      const sum = createHash('sha256');
      for (const part of fastImportStream({ files: 500, history: 50, pipelines })) sum.update(part);
      return sum.digest('hex');
    };
    expect(hash()).toBe(hash());
  });
});
