import { codeOf } from '../base/error.ts';
import { clean } from '../base/secret-shapes.ts';

/** Where code stands: `file:///app/src/kube/queue.ts:12:5`. */
const place = /\(?((?:file|node):[^\s()]+:\d+:\d+)\)?$/;
const mostPlaces = 5;

/**
 * From now on an exception or a rejection that nobody handles ends the process with exit code 1, after one JSON line on stderr.
 * The line holds the error's code and where it was thrown, and no message: who threw it is not known, so it may hold a secret.
 */
export function endOnUnhandled(): void {
  // Node brings a rejection here too, unless somebody listens for those.
  process.on('uncaughtException', (thrown, origin) => {
    const line = {
      level: 'error',
      time: new Date().toISOString(),
      code: codeOf(thrown),
      at: placesIn(thrown),
      msg: origin === 'unhandledRejection' ? 'unhandled rejection' : 'uncaught exception',
    };
    // To a pipe or a file this is written at once.
    process.stderr.write(`${clean(JSON.stringify(line))}\n`);
    process.exit(1);
  });
}

function placesIn(thrown: unknown): string[] {
  const stack: unknown =
    typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, 'stack') : undefined;
  if (typeof stack !== 'string') return [];
  return stack
    .split('\n')
    .filter((line) => line.startsWith('    at '))
    .flatMap((line) => place.exec(line)?.[1] ?? [])
    .slice(0, mostPlaces);
}
