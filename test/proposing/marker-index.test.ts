import { describe, expect, test } from '@jest/globals';
import { MarkerIndex } from '../../src/proposing/marker-index.ts';
import { CountingRepository } from './repository.ts';

const signal = new AbortController().signal;
const marked = (version: string, environment = 'staging') =>
  `v: ${version} # {"$promotion": "apps:podinfo:${environment}"}\n`;
const fleet = {
  'apps/podinfo/staging.yaml': marked('6.1.0'),
  'apps/podinfo/values.yaml': 'replicas: 1\n',
  'apps/other/release.yaml': 'v: 1\n',
  'README.md': marked('not yaml'),
};

async function find(
  index: MarkerIndex,
  repository: CountingRepository,
  paths: readonly string[] = [],
): Promise<string[]> {
  const files = await index.find({
    forge: repository.reader,
    repository: 'github.com/acme/fleet',
    look: repository.look(paths),
    signal,
  });
  return files.map(({ path, text }) => `${path} ${text.split(' ')[1]?.trim() ?? ''}`).sort();
}

describe('at first contact', () => {
  test('the tree is listed and its YAML files are read', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    expect(await find(new MarkerIndex(), repository)).toEqual(['apps/podinfo/staging.yaml 6.1.0']);
    expect(repository.asked).toEqual(['list', 'read 3']);
  });

  test('a narrower path reads less', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    expect(await find(new MarkerIndex(), repository, ['apps/other'])).toEqual([]);
    expect(repository.asked).toEqual(['list', 'read 1']);
  });

  test('a path may name one file', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    expect(await find(new MarkerIndex(), repository, ['apps/podinfo/staging.yaml'])).toEqual([
      'apps/podinfo/staging.yaml 6.1.0',
    ]);
    expect(repository.asked).toEqual(['read 1']);
  });

  test('many files come in one archive, and what it leaves out is read', async () => {
    const repository = new CountingRepository();
    const many = Object.fromEntries(Array.from({ length: 600 }, (_, n) => [`apps/${n}.yaml`, `n: ${n}\n`]));
    repository.commit({ ...fleet, ...many, 'hidden.yaml': marked('7.0.0') });
    repository.leftOutOfArchives.add('hidden.yaml');
    expect(await find(new MarkerIndex(), repository)).toEqual([
      'apps/podinfo/staging.yaml 6.1.0',
      'hidden.yaml 7.0.0',
    ]);
    expect(repository.asked).toEqual(['list', 'archive', 'read 1']);
  });

  test('an archive takes the place of a listing that the forge cuts short', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    repository.cutsListings = true;
    expect(await find(new MarkerIndex(), repository)).toEqual(['apps/podinfo/staging.yaml 6.1.0']);
    expect(repository.asked).toEqual(['list', 'archive']);
  });

  test('of that archive only a path is believed that is exactly what git has', async () => {
    const repository = new CountingRepository();
    repository.commit({ ...fleet, 'hidden.yaml': marked('7.0.0') });
    repository.cutsListings = true;
    repository.leftOutOfArchives.add('hidden.yaml');
    expect(await find(new MarkerIndex(), repository)).toEqual([
      'apps/podinfo/staging.yaml 6.1.0',
      'hidden.yaml 7.0.0',
    ]);
    expect(repository.asked).toEqual(['list', 'archive', 'list in parts', 'read 3']);
    repository.asked.length = 0;
    expect(await find(new MarkerIndex(), repository, ['apps/podinfo'])).toEqual([
      'apps/podinfo/staging.yaml 6.1.0',
    ]);
    expect(repository.asked).toEqual(['list', 'archive']);
  });

  test('two who ask at once share the work', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    const [one, two] = await Promise.all([find(index, repository), find(index, repository)]);
    expect(one).toEqual(two);
    expect(repository.asked).toEqual(['list', 'read 3']);
  });

  test('who waited for a failed reading reads for himself', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    const { reader } = repository;
    let failures = 1;
    const flaky = {
      ...reader,
      listFiles: (...args: Parameters<typeof reader.listFiles>) =>
        failures-- > 0 ? Promise.reject(new Error('reset')) : reader.listFiles(...args),
    };
    const query = { forge: flaky, repository: 'github.com/acme/fleet', look: repository.look([]), signal };
    const results = await Promise.allSettled([index.find(query), index.find(query)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
  });
});

describe('afterwards', () => {
  test('nothing is read while the base stands still', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    await find(index, repository);
    repository.asked.length = 0;
    expect(await find(index, repository)).toEqual(['apps/podinfo/staging.yaml 6.1.0']);
    expect(repository.asked).toEqual([]);
  });

  test('only what changed is read', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    await find(index, repository);
    repository.asked.length = 0;
    repository.commit({
      ...fleet,
      'apps/other/release.yaml': marked('2', 'prod'),
      'apps/new.yaml': 'x: 1\n',
    });
    expect(await find(index, repository)).toEqual([
      'apps/other/release.yaml 2',
      'apps/podinfo/staging.yaml 6.1.0',
    ]);
    expect(repository.asked).toEqual(['changes', 'read 2']);
  });

  test('a change that brings no marker where none was is not read', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    await find(index, repository);
    repository.asked.length = 0;
    repository.showsNewLines = true;
    repository.commit({ ...fleet, 'apps/other/release.yaml': 'v: 2\n', 'apps/new.yaml': 'x: 1\n' });
    expect(await find(index, repository)).toEqual(['apps/podinfo/staging.yaml 6.1.0']);
    expect(repository.asked).toEqual(['changes']);
  });

  test('a change that brings a marker, or is to a file that held one, is read', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    await find(index, repository);
    repository.asked.length = 0;
    repository.showsNewLines = true;
    repository.commit({
      ...fleet,
      'apps/podinfo/staging.yaml': `${marked('6.1.0')}x: 1\n`,
      'apps/other/release.yaml': marked('2', 'prod'),
    });
    expect(await find(index, repository)).toEqual([
      'apps/other/release.yaml 2',
      'apps/podinfo/staging.yaml 6.1.0',
    ]);
    expect(repository.asked).toEqual(['changes', 'read 2']);
  });

  test('what we wrote ourselves is known without reading it', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    await find(index, repository);
    repository.asked.length = 0;
    index.learn(marked('6.2.0'));
    repository.commit({ ...fleet, 'apps/podinfo/staging.yaml': marked('6.2.0') });
    expect(await find(index, repository)).toEqual(['apps/podinfo/staging.yaml 6.2.0']);
    expect(repository.asked).toEqual(['changes']);
  });

  test('a file that lost its marker, or is gone, is forgotten', async () => {
    const repository = new CountingRepository();
    repository.commit({ ...fleet, 'apps/b.yaml': marked('1') });
    const index = new MarkerIndex();
    await find(index, repository);
    repository.commit({ 'apps/podinfo/staging.yaml': 'v: 6.1.0\n', 'x.yaml': 'y: 1\n' });
    expect(await find(index, repository)).toEqual([]);
  });

  test('changes that the forge does not list are found by listing again', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    await find(index, repository);
    repository.asked.length = 0;
    repository.hidesChanges = true;
    repository.commit({ ...fleet, 'apps/b.yaml': marked('1', 'prod') });
    expect(await find(index, repository)).toEqual(['apps/b.yaml 1', 'apps/podinfo/staging.yaml 6.1.0']);
    expect(repository.asked).toEqual(['changes', 'list', 'read 1']);
  });

  test('another repository with the same content costs nothing', async () => {
    const repository = new CountingRepository();
    repository.commit(fleet);
    const index = new MarkerIndex();
    await find(index, repository);
    repository.asked.length = 0;
    await index.find({
      forge: repository.reader,
      repository: 'github.com/acme/other',
      look: repository.look([]),
      signal,
    });
    expect(repository.asked).toEqual([]);
  });
});
