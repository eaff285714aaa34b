import { spawn } from 'node:child_process';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';

interface Following {
  /** Path of the program. */
  readonly kubectl: string;
  readonly kubeconfig: string;
  readonly namespace: string;
  /** Gets each line that says something new: the header, then a Pipeline's columns. */
  readonly tell: (line: string) => void;
}

/** What `kubectl get pipelines -w` shows, line by line as it changes. Gives what ends it. */
export function followPipelines({ kubectl, kubeconfig, namespace, tell }: Following): () => Promise<void> {
  const child = spawn(kubectl, ['get', 'pipelines', '-n', namespace, '-w'], {
    env: { KUBECONFIG: kubeconfig, HOME: dirname(kubeconfig) }, // it keeps a cache there
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const killOnExit = (): void => void child.kill('SIGKILL');
  process.once('exit', killOnExit);
  const ended = new Promise<void>((resolve) => {
    child.once('error', () => resolve()); // the story goes on without it
    child.once('close', () => resolve());
  });
  let last = '';
  createInterface({ input: child.stdout }).on('line', (line) => {
    // The last column is the age, which alone is no news.
    const news = line.trimEnd().replace(/\s+\S+$/, '');
    if (news === last) return;
    last = news;
    // kubectl aligns with the widest line so far, which would push the rest off the screen.
    tell(line.trimEnd().replace(/ {3,}/g, '   '));
  });
  return async () => {
    child.kill('SIGKILL');
    await ended;
    process.removeListener('exit', killOnExit);
  };
}
