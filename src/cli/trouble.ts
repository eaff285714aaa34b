import { codeOf, messageOf } from '../base/error.ts';
import type { Logger } from '../telemetry/log.ts';
import { Seldom } from '../telemetry/seldom.ts';

/** Where each part tells of what it works around by itself; the same of the same part once a minute. */
export type Trouble = (what: string) => (err: unknown) => void;

export function troubleIn(log: Logger): Trouble {
  const seldom = new Seldom();
  return (what) => (err) => {
    const omitted = seldom.omitted(`${what} ${codeOf(err)} ${messageOf(err)}`);
    if (omitted === undefined) return;
    log.warn({ what, err, ...(omitted === 0 ? {} : { omitted }) }, 'worked around');
  };
}
