import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import type { CustomResourceDefinition, SchemaNode } from '../../src/api/crd.ts';
import { generatedFiles } from '../../src/api/generate.ts';

const harmless = [
  // Of a token that nobody can guess, so that the forge's audit log can be searched by it.
  'status.tokenHash',
  // The name of the one that was looked at.
  'status.access.secret',
];

/** Fields that take or show a text and are named as if it were a secret. */
function tellingFields(node: SchemaNode, place: string): string[] {
  const children = Object.entries(node.properties ?? {}).flatMap(([name, child]) =>
    tellingFields(child, place === '' ? name : `${place}.${name}`),
  );
  const items = node.items === undefined ? [] : tellingFields(node.items, `${place}[]`);
  const name = place.split('.').at(-1) ?? '';
  const isTelling = node.type === 'string' && /token|password|secret|private|bearer|pem|jwt|key$/i.test(name);
  return [...(isTelling ? [place] : []), ...children, ...items];
}

test.each([...generatedFiles()].filter(([path]) => path.startsWith('crds/')))(
  'no field of %s is for the value of a secret: it is named, and stays where it is',
  (_, yaml) => {
    const definition = parse(yaml) as CustomResourceDefinition; // what we made
    const [served] = definition.spec.versions;
    const found = tellingFields(served?.schema.openAPIV3Schema ?? {}, '');
    // A revision's key is a hash of it.
    expect(found.filter((place) => !/(^|\.|\[\])key$/.test(place) && !harmless.includes(place))).toEqual([]);
  },
);
