import { isAlias, isMap, isNode, isScalar, parseDocument, visit, type Document, type YAMLMap } from 'yaml';
import { codeOf } from '../../base/error.ts';
import { invalid, shown } from './kubeconfig-schema.ts';

/**
 * The plain data of a kubeconfig: one document, in which a key stands once and means what it says. Throws KubeconfigInvalid for what
 * would make it mean something else to another reader (tags, aliases, directives, keys that come twice or are no text), and
 * never repeats the text itself, which may hold a token.
 * @param where names the kubeconfig to its owner
 */
export function kubeconfigYaml(text: string, where: string): unknown {
  if (/^%/m.test(text)) throw invalid(where, 'has a directive (a line that begins with %); leave it out');
  const document = parsed(text, where);
  const [error] = document.errors;
  if (error?.code === 'MULTIPLE_DOCS') throw invalid(where, 'holds more than one document; keep one');
  if (error !== undefined) throw invalid(where, `cannot be read as YAML (${error.code})`);
  const problem = surpriseIn(document);
  if (problem !== undefined) throw invalid(where, problem);
  return document.toJS();
}

function parsed(text: string, where: string): Document {
  try {
    return parseDocument(text, {
      version: '1.2',
      schema: 'core',
      merge: false,
      stringKeys: true,
      // Ours takes time in proportion to the keys, the parser's to their square.
      uniqueKeys: false,
      // Its own messages quote the text.
      prettyErrors: false,
      // Silent would be silent about a second document.
      logLevel: 'error',
    });
  } catch (thrown) {
    throw invalid(where, `cannot be read as YAML (${codeOf(thrown)})`);
  }
}

/** What is wrong with the first node that is not plain. */
function surpriseIn(document: Document): string | undefined {
  let problem: string | undefined;
  visit(document, (_, node) => {
    if (isAlias(node)) problem = 'has an alias (*); write the value itself where it belongs';
    else if (isNode(node) && node.tag !== undefined) problem = 'has a tag (!); leave it out';
    else if (isMap(node)) problem = repeatedIn(node);
    return problem === undefined ? undefined : visit.BREAK;
  });
  return problem;
}

function repeatedIn({ items }: YAMLMap): string | undefined {
  const seen = new Set<unknown>();
  for (const { key } of items) {
    const name = isScalar(key) ? key.value : key;
    if (seen.has(name)) return `has ${shown(String(name))} twice in one place; keep one`;
    seen.add(name);
  }
  return undefined;
}
