import { dirname, join } from 'node:path/posix';
import ts from 'typescript';

/** One module as the rules see it: nothing is resolved beyond its own text. */
export interface Module {
  /** From the repository's root, with `/`: `src/base/time.ts`. */
  readonly path: string;
  readonly tree: ts.SourceFile;
  readonly imports: readonly Import[];
}

export interface Import {
  /** A path from the repository's root, or a package (`yaml`, `@octokit/rest`, `node:fs`) without what is inside it. */
  readonly target: string;
  readonly isFile: boolean;
  /** Gone when the types are: `import type`, or nothing but `type` names. */
  readonly typeOnly: boolean;
  /** The values that come in, by the names they have where they come from; `*` for all of them. */
  readonly values: readonly string[];
  readonly line: number;
}

export function readModule(path: string, text: string): Module {
  const tree = ts.createSourceFile(path, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.TS);
  return { path, tree, imports: importsOf(path, tree) };
}

/** 1 for the first line. */
export function lineOf(tree: ts.SourceFile, node: ts.Node): number {
  return tree.getLineAndCharacterOfPosition(node.getStart(tree)).line + 1;
}

/** Every node below `node`, itself included. */
export function* nodesIn(node: ts.Node): Generator<ts.Node> {
  yield node;
  const children: ts.Node[] = [];
  ts.forEachChild(node, (child) => void children.push(child));
  for (const child of children) yield* nodesIn(child);
}

function importsOf(path: string, tree: ts.SourceFile): Import[] {
  const found: Import[] = [];
  for (const node of nodesIn(tree)) {
    const specifier = specifierOf(node);
    if (specifier === undefined) continue;
    const values = valuesOf(node);
    const typeOnly = values.length === 0 && !isForEffect(node);
    found.push({ ...targetOf(path, specifier), typeOnly, values, line: lineOf(tree, node) });
  }
  return found;
}

/** Of an import, a re-export, `import('…')` as a call or as a type. */
function specifierOf(node: ts.Node): string | undefined {
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) return textOf(node.moduleSpecifier);
  if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) return textOf(node.argument.literal);
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
    return textOf(node.arguments[0]);
  }
  return undefined;
}

function textOf(node: ts.Node | undefined): string | undefined {
  return node !== undefined && ts.isStringLiteralLike(node) ? node.text : undefined;
}

function isForEffect(node: ts.Node): boolean {
  return ts.isImportDeclaration(node) && node.importClause === undefined;
}

function valuesOf(node: ts.Node): string[] {
  if (ts.isCallExpression(node)) return ['*'];
  if (ts.isExportDeclaration(node)) {
    if (node.isTypeOnly) return [];
    const { exportClause } = node;
    return exportClause !== undefined && ts.isNamedExports(exportClause)
      ? namesOf(exportClause.elements)
      : ['*'];
  }
  if (!ts.isImportDeclaration(node)) return [];
  const clause = node.importClause;
  if (clause === undefined || clause.phaseModifier === ts.SyntaxKind.TypeKeyword) return [];
  const bindings = clause.namedBindings;
  return [
    ...(clause.name === undefined ? [] : ['default']),
    ...(bindings === undefined ? [] : ts.isNamedImports(bindings) ? namesOf(bindings.elements) : ['*']),
  ];
}

function namesOf(elements: readonly (ts.ImportSpecifier | ts.ExportSpecifier)[]): string[] {
  return elements.filter((each) => !each.isTypeOnly).map((each) => (each.propertyName ?? each.name).text);
}

function targetOf(path: string, specifier: string): Pick<Import, 'target' | 'isFile'> {
  if (specifier.startsWith('.')) return { target: join(dirname(path), specifier), isFile: true };
  if (specifier.startsWith('node:')) return { target: specifier, isFile: false };
  const parts = specifier.split('/').slice(0, specifier.startsWith('@') ? 2 : 1);
  return { target: parts.join('/'), isFile: false };
}
