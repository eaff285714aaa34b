import { basename } from 'node:path/posix';
import ts from 'typescript';
import { lineOf, nodesIn, type Module } from './module.ts';

/** Names that say nothing of what is inside. */
const emptyNames = /^(utils?|helpers?|common|managers?|types?|constants?|misc)$/;
const emptyWords = /^(utils?|helpers?|managers?|misc)$/;

/** Node's own, of which Jest and workers have others than ours, so that `instanceof` answers no. */
const builtInErrors =
  /^(Error|TypeError|RangeError|SyntaxError|ReferenceError|EvalError|URIError|AggregateError|DOMException)$/;

const growing = /^(Map|Set|WeakMap|WeakSet|LRUCache)$/;

/** What the style of the house forbids and a linter does not know; one sentence each. */
export function habitViolations(modules: readonly Module[]): string[] {
  return modules.flatMap((module) => [
    ...nameViolations(module.path),
    ...(module.path.startsWith('src/') ? [...stateViolations(module), ...nodeViolations(module)] : []),
  ]);
}

function nameViolations(path: string): string[] {
  const stem = basename(path).replace(/(\.cluster)?(\.test)?\.ts$/, '');
  const empty = emptyNames.test(stem) || stem.split(/[-.]/).some((word) => emptyWords.test(word));
  return empty ? [`${path}: name the file for the one idea that it holds`] : [];
}

/** Two instances of a thing in one process, as in tests, would share it. */
function stateViolations({ path, tree }: Module): string[] {
  return tree.statements.filter(ts.isVariableStatement).flatMap((statement) => {
    const isConst = (statement.declarationList.flags & ts.NodeFlags.Const) !== 0;
    return statement.declarationList.declarations
      .filter(({ initializer }) => !isConst || isEmptyCollection(initializer))
      .map(
        (each) =>
          `${path}:${lineOf(tree, each)}: ${each.name.getText()} is state of the module; give it an owner`,
      );
  });
}

function isEmptyCollection(node: ts.Expression | undefined): boolean {
  if (node === undefined) return false;
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0;
  if (ts.isObjectLiteralExpression(node)) return node.properties.length === 0;
  if (!ts.isNewExpression(node) || !growing.test(node.expression.getText())) return false;
  return !node.arguments?.length || node.expression.getText() === 'LRUCache';
}

function nodeViolations({ path, tree }: Module): string[] {
  const lines = tree.text.split('\n');
  return [...nodesIn(tree)].flatMap((node) => {
    const line = lineOf(tree, ts.isAsExpression(node) ? node.type : node);
    const sentence = sentenceOn(node, lines[line - 1] ?? '');
    return sentence === undefined ? [] : [`${path}:${line}: ${sentence}`];
  });
}

function sentenceOn(node: ts.Node, line: string): string | undefined {
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword) {
    const asked = node.right.getText();
    if (builtInErrors.test(asked))
      return `instanceof ${asked} is false across realms; ask for its code or name`;
  }
  const explained = /\/\/ ?\S|\/\* ?\S/.test(line);
  if (explained) return undefined;
  if (ts.isAsExpression(node) && !ts.isConstTypeReference(node.type)) {
    return 'a cast carries its reason on the same line';
  }
  return ts.isNonNullExpression(node) ? 'a ! carries its reason on the same line' : undefined;
}
