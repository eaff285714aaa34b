import { createHash } from 'node:crypto';

export type ObjectKind = 'commit' | 'tree' | 'blob' | 'tag';

export interface GitObject {
  readonly kind: ObjectKind;
  readonly content: Buffer;
}

/** Modes as git prints them, six digits: `100644`, `100755`, `120000`, `160000`, `040000`. */
export interface TreeEntry {
  readonly mode: string;
  readonly name: string;
  readonly oid: string;
}

export interface Signature {
  readonly name: string;
  readonly email: string;
  /** Whole seconds. */
  readonly date: Date;
}

export interface CommitData {
  readonly tree: string;
  readonly parents: readonly string[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
  /** Armoured signature, as it stands in the `gpgsig` header. */
  readonly signature?: string;
}

export const zeroOid = '0'.repeat(40);

export function isOid(text: string): boolean {
  return /^[0-9a-f]{40}$/.test(text);
}

/** The id that git gives to this content. */
export function hashObject(kind: ObjectKind, content: Uint8Array): string {
  return createHash('sha1').update(`${kind} ${content.byteLength}\0`).update(content).digest('hex');
}

export function isTree(entry: { readonly mode: string }): boolean {
  return entry.mode === '040000';
}

/** GitHub's word for what an entry is. */
export function kindOfMode(mode: string): 'tree' | 'blob' | 'commit' {
  if (mode === '040000') return 'tree';
  return mode === '160000' ? 'commit' : 'blob';
}

/** Entries in any order; git sorts them by bytes, a directory as if its name ended in a slash. */
export function encodeTree(entries: Iterable<TreeEntry>): Buffer {
  const keyed = Array.from(entries, (entry) => ({
    entry,
    key: Buffer.from(isTree(entry) ? `${entry.name}/` : entry.name),
  }));
  keyed.sort((a, b) => Buffer.compare(a.key, b.key));
  const parts: Buffer[] = [];
  for (const { entry } of keyed) {
    // git writes the mode of a directory without its leading zero.
    parts.push(Buffer.from(`${entry.mode.replace(/^0/, '')} ${entry.name}\0`), Buffer.from(entry.oid, 'hex'));
  }
  return Buffer.concat(parts);
}

export function parseTree(content: Buffer): TreeEntry[] {
  const entries: TreeEntry[] = [];
  let at = 0;
  while (at < content.length) {
    const space = content.indexOf(0x20, at);
    const nul = content.indexOf(0, space);
    const mode = content.toString('latin1', at, space);
    entries.push({
      mode: mode.length === 5 ? `0${mode}` : mode,
      name: content.toString('utf8', space + 1, nul),
      oid: content.toString('hex', nul + 1, nul + 21),
    });
    at = nul + 21;
  }
  return entries;
}

/** The bytes that a signature is over: the commit without its `gpgsig` header. */
export function encodeCommit(commit: CommitData): Buffer {
  const lines = [
    `tree ${commit.tree}`,
    ...commit.parents.map((parent) => `parent ${parent}`),
    `author ${signatureLine(commit.author)}`,
    `committer ${signatureLine(commit.committer)}`,
  ];
  if (commit.signature !== undefined) lines.push(`gpgsig ${commit.signature.split('\n').join('\n ')}`);
  return Buffer.from(`${lines.join('\n')}\n\n${commit.message}`);
}

export function parseCommit(content: Buffer): CommitData {
  const text = content.toString('utf8');
  const end = text.indexOf('\n\n');
  const head = end < 0 ? text : text.slice(0, end);
  const headers: { name: string; value: string }[] = [];
  for (const line of head.split('\n')) {
    const last = headers.at(-1);
    if (line.startsWith(' ') && last) last.value += `\n${line.slice(1)}`;
    else {
      const space = line.indexOf(' ');
      headers.push({ name: line.slice(0, space), value: line.slice(space + 1) });
    }
  }
  const valueOf = (name: string): string => headers.find((header) => header.name === name)?.value ?? '';
  const signature = headers.find((header) => header.name === 'gpgsig')?.value;
  return {
    tree: valueOf('tree'),
    parents: headers.filter((header) => header.name === 'parent').map((header) => header.value),
    author: parseSignature(valueOf('author')),
    committer: parseSignature(valueOf('committer')),
    message: end < 0 ? '' : text.slice(end + 2),
    ...(signature === undefined ? {} : { signature }),
  };
}

function signatureLine({ name, email, date }: Signature): string {
  // git refuses these characters in identities; they would end the field.
  const clean = (text: string): string => text.replace(/[<>\n\0]/g, '').trim();
  return `${clean(name)} <${clean(email)}> ${Math.floor(date.getTime() / 1000)} +0000`;
}

function parseSignature(line: string): Signature {
  const match = /^(.*?) ?<([^>]*)> (\d+)/.exec(line);
  return {
    name: match?.[1] ?? '',
    email: match?.[2] ?? '',
    date: new Date(Number(match?.[3] ?? 0) * 1000),
  };
}
