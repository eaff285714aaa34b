import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CodedError } from '../../src/base/error.ts';

/** The sandbox that runs from this checkout, for the commands that speak to it from another shell. */
export interface RunningSandbox {
  readonly pid: number;
  /** Of the forge's pages. */
  readonly web: string;
  /** Path of the administrator's. */
  readonly kubeconfig: string;
  /** With kubectl, helm and `sandbox`; to stand first in PATH. */
  readonly binFolder: string;
}

const schema = z.object({
  pid: z.int(),
  web: z.url(),
  kubeconfig: z.string(),
  binFolder: z.string(),
});

// Beside the packages and so in nobody's way, never committed, and one for each checkout.
const file =
  process.env['LOCKKEEPER_SANDBOX'] ??
  fileURLToPath(new URL('../../node_modules/.cache/lockkeeper/sandbox.json', import.meta.url));

/** Rejects with SandboxRunning while one runs. */
export function refuseSecondSandbox(): void {
  const other = readRunning();
  if (other === undefined) return;
  throw new CodedError(
    'SandboxRunning',
    `one runs already from this checkout (process ${other.pid}, ${other.web}); stop that one first`,
  );
}

/** Makes a sandbox known; gives what makes it unknown again. */
export function announceSandbox(sandbox: RunningSandbox): () => void {
  refuseSecondSandbox();
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(sandbox), { mode: 0o600 });
  return () => {
    if (readRunning()?.pid === sandbox.pid) rmSync(file, { force: true });
  };
}

/** Rejects with SandboxNotRunning when there is none. */
export function findSandbox(): RunningSandbox {
  const running = readRunning();
  if (running !== undefined) return running;
  throw new CodedError(
    'SandboxNotRunning',
    'no sandbox runs here; start one in another shell: npm run sandbox',
  );
}

/** Undefined also when the process that wrote the file was killed. */
function readRunning(): RunningSandbox | undefined {
  try {
    const sandbox = schema.parse(JSON.parse(readFileSync(file, 'utf8')));
    process.kill(sandbox.pid, 0);
    return sandbox;
  } catch {
    return undefined;
  }
}
