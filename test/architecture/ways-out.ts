import ts from 'typescript';
import { lineOf, nodesIn, type Module } from './module.ts';

/** What opens connections, and the only files that may use it: what they send to is judged there, and nowhere else. */
const waysOut: Readonly<Record<string, readonly string[]>> = {
  // The last one only loads it early.
  undici: [
    'src/base/connecting.ts',
    'src/forges/connect.ts',
    'src/kube/transport/pools.ts',
    'src/cli/load.ts',
  ],
  'node:http': ['src/telemetry/server.ts'],
  'node:https': [],
  'node:http2': [],
  'node:dgram': [],
  'node:net': [],
  'node:tls': [],
  'node:dns': ['src/base/judged-lookup.ts'],
  'node:dns/promises': [],
};

/** Of those, what connects to nothing. */
const harmless: ReadonlySet<string> = new Set([
  'isIP',
  'createServer',
  'createSecureContext',
  'getCACertificates',
]);

/** Node's own, which heed proxies of the environment and follow redirects. */
const globals: ReadonlySet<string> = new Set(['fetch', 'WebSocket', 'EventSource']);

/** Where something is sent past the two transports, one sentence each. */
export function waysOutViolations(modules: readonly Module[]): string[] {
  return modules
    .filter(({ path }) => path.startsWith('src/'))
    .flatMap((module) => [...importedWays(module), ...globalWays(module)]);
}

function importedWays({ path, imports }: Module): string[] {
  return imports.flatMap(({ target, values, line }) => {
    const allowed = waysOut[target];
    if (allowed === undefined || allowed.includes(path)) return [];
    return values
      .filter((name) => !harmless.has(name))
      .map(
        (name) =>
          `${path}:${line}: uses ${name} of ${target}; send by src/forges/connect.ts or src/kube/transport`,
      );
  });
}

function globalWays({ path, tree }: Module): string[] {
  const nodes = [...nodesIn(tree)];
  const own = new Set(
    nodes.flatMap((node) =>
      ts.isVariableDeclaration(node) || ts.isParameter(node) ? [node.name.getText()] : [],
    ),
  );
  return nodes.flatMap((node) => {
    if (!ts.isCallExpression(node) && !ts.isNewExpression(node)) return [];
    const name = node.expression.getText().replace(/^globalThis\./, '');
    if (!globals.has(name) || own.has(name)) return [];
    return [
      `${path}:${lineOf(tree, node)}: uses ${name}; send by src/forges/connect.ts or src/kube/transport`,
    ];
  });
}
