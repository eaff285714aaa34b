import ts from 'typescript';
import { lineOf, nodesIn, type Import, type Module } from './module.ts';

/** Files whose answers depend on what they are given and on nothing else. */
const pure: readonly RegExp[] = [
  /^src\/base\/address-kind\.ts$/,
  /^src\/(engines|manifests)\//,
  /^src\/proposing\/proposal\.ts$/,
  /^src\/promotion\/(observation|rules|decide|decision|status|target-status|phases|conditions|credential-conditions|credential-seen|urgency|announce)\.ts$/,
  /^src\/auditor\/(applying|closure|match|workloads|rights|subjects|rbac|rbac-index|held|direct|indirect|becoming|explain|baseline|others|report|disagreement)\.ts$/,
  /^src\/forges\/(errors|outbound)\.ts$/,
  /^src\/credentials\/health\/(announce|excess|exclusiveness|last-used|readiness|scope|untold|use|worst-facts)\.ts$/,
  /^src\/forges\/budget\/(fair-order|fair-shares|gate|headers|waiting-list|windows)\.ts$/,
  /^src\/forges\/[^/]+\/webhook\.ts$/,
  /^src\/gateway\/trust-policy\.ts$/,
];

/** Pure themselves, as far as we use them. Of Node only what computes. */
const purePackages: Readonly<Record<string, readonly string[] | 'all'>> = {
  yaml: 'all',
  semver: 'all',
  zod: 'all',
  'node:buffer': 'all',
  'node:net': ['isIP'],
  'node:crypto': ['createHash', 'createHmac', 'timingSafeEqual'],
};

const impureGlobals: ReadonlySet<string> = new Set([
  'process',
  'fetch',
  'console',
  'performance',
  'crypto',
  'setTimeout',
  'setInterval',
  'setImmediate',
  'queueMicrotask',
]);

function isPure(path: string): boolean {
  return pure.some((pattern) => pattern.test(path));
}

/** Where pure files wait, look at the clock or the world, or import what does; one sentence each. */
export function purityViolations(modules: readonly Module[]): string[] {
  const byPath = new Map(modules.map((module) => [module.path, module]));
  return modules
    .filter(({ path }) => isPure(path))
    .flatMap((module) => [
      ...impuritiesIn(module.tree, module.tree).map(
        (each) => `${module.path}:${each}, but this file is pure`,
      ),
      ...module.imports.flatMap((each) =>
        impureImports(each, byPath).map(
          (what) => `${module.path}:${each.line}: imports ${what}, but is pure`,
        ),
      ),
    ]);
}

function impuritiesIn(tree: ts.SourceFile, root: ts.Node): string[] {
  return [...nodesIn(root)].flatMap((node) => {
    const what = impurityOf(node);
    return what === undefined ? [] : [`${lineOf(tree, node)}: uses ${what}`];
  });
}

function impurityOf(node: ts.Node): string | undefined {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async';
  if (ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier)) return 'await';
  if (ts.isNewExpression(node) && node.expression.getText() === 'Date' && !node.arguments?.length) {
    return 'new Date() without an instant';
  }
  if (ts.isCallExpression(node) && node.expression.getText() === 'Date') return 'Date()';
  if (ts.isPropertyAccessExpression(node)) {
    const text = node.getText();
    if (text === 'Date.now' || text === 'Math.random') return text;
  }
  return ts.isIdentifier(node) && impureGlobals.has(node.text) && isReference(node) ? node.text : undefined;
}

/** Whether the word stands for the global, not for a member, a key or a name that is declared here. */
function isReference(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isQualifiedName(parent)) return false;
  const named = 'name' in parent && parent.name === node;
  const key = 'propertyName' in parent && parent.propertyName === node;
  return !(named || key) || ts.isShorthandPropertyAssignment(parent);
}

function impureImports(each: Import, byPath: ReadonlyMap<string, Module>): string[] {
  if (each.typeOnly) return [];
  if (!each.isFile) {
    const allowed = purePackages[each.target];
    if (allowed === 'all') return [];
    return allowed === undefined
      ? [each.target]
      : each.values.filter((name) => !allowed.includes(name)).map((name) => `${name} of ${each.target}`);
  }
  if (isPure(each.target)) return [];
  const target = byPath.get(each.target);
  // Leaves may hold a clock beside arithmetic on dates: what counts is the name that comes in.
  if (target === undefined || !/^src\/(base|api)\//.test(each.target)) return [each.target];
  return each.values
    .filter((name) => !isPureDeclaration(target, name))
    .map((name) => `${name} of ${each.target}`);
}

function isPureDeclaration({ tree }: Module, name: string): boolean {
  if (name === '*') return tree.statements.every((statement) => impuritiesIn(tree, statement).length === 0);
  return tree.statements
    .filter((statement) => declaredNames(statement).includes(name))
    .every((statement) => impuritiesIn(tree, statement).length === 0);
}

function declaredNames(statement: ts.Statement): string[] {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((each) => each.name.getText());
  }
  if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement)) {
    return statement.name === undefined ? [] : [statement.name.text];
  }
  return [];
}
