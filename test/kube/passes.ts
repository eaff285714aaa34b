import { Controller, type ControllerOptions, type EndedPass } from '../../src/kube/controller.ts';

interface Begun {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly end: (result?: { readonly requeueAfterMs?: number }) => void;
  readonly fail: (thrown: unknown) => void;
}

interface Running {
  readonly controller: Controller;
  /** The passes in the order in which they began. */
  readonly begun: Begun[];
  /** What it told of failures, and of passes that ended. */
  readonly failures: unknown[];
  readonly ended: EndedPass[];
}

/** A controller that was started, whose passes end when the test says so, or when they are aborted. */
export function running(options: Partial<ControllerOptions> = {}): Running {
  const made = prepared(options);
  made.controller.start();
  return made;
}

/** The same, not started yet. */
export function prepared(options: Partial<ControllerOptions> = {}): Running {
  const begun: Begun[] = [];
  const failures: unknown[] = [];
  const ended: EndedPass[] = [];
  const controller = new Controller({
    name: 'boats',
    concurrency: 2,
    deadlineMs: 60_000,
    reconcile: (key, signal) =>
      new Promise((resolve, reject) => {
        begun.push({ key, signal, end: (result = {}) => resolve(result), fail: reject });
        signal.addEventListener('abort', () => reject(signal.reason));
      }),
    onFailure: (key, error) => failures.push([key, error]),
    onPass: (each) => ended.push(each),
    ...options,
  });
  return { controller, begun, failures, ended };
}
