import { lookup, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { CodedError } from './error.ts';

/** Why an address may not be connected to, or undefined when it may. @param host as it was asked for; the address itself where it is one */
export type Judge = (host: string, address: string) => CodedError | undefined;

/**
 * A lookup for `net.connect` that gives a name's addresses only if the judge lets all of them pass, and fails with what the judge says
 * otherwise: whoever controls a name could have one of several be ours. What is connected to are these very addresses, so a
 * name that leads elsewhere a moment later gains nothing. Not asked where the host is an address: see `refusalOfLiteral`.
 */
export function judgedLookup(judge: Judge, resolve: LookupFunction = lookup): LookupFunction {
  const resolveOnce = joined(resolve);
  return (host, options, callback) => {
    resolveOnce(host, { ...options, all: true }, (failure, found) => {
      if (failure !== null) return callback(failure, []);
      const addresses = listed(found);
      const [first] = addresses;
      if (first === undefined) return callback(new CodedError('ENOTFOUND', `${host} has no address`), []);
      for (const { address } of addresses) {
        const refusal = judge(host, address);
        if (refusal !== undefined) return callback(refusal, []);
      }
      if (options.all === true) return callback(null, addresses);
      callback(null, first.address, first.family);
    });
  };
}

/**
 * Whoever asks for what is just being looked up gets its outcome. The system resolves two names at a time and cannot be told to stop, also
 * when we end: where the DNS does not answer, one lookup for each connection would hold up the process for all of them in turn.
 */
function joined(resolve: LookupFunction): LookupFunction {
  const waiting = new Map<string, Parameters<LookupFunction>[2][]>();
  return (host, options, callback) => {
    const key = JSON.stringify([host, options]);
    const others = waiting.get(key);
    if (others !== undefined) return void others.push(callback);
    const all = [callback];
    waiting.set(key, all);
    try {
      resolve(host, options, (...outcome) => {
        waiting.delete(key);
        for (const each of all) each(...outcome);
      });
    } catch (thrown) {
      waiting.delete(key);
      throw thrown;
    }
  };
}

/** The judge's word on a host that is an address, which nothing looks up. */
export function refusalOfLiteral(judge: Judge, host: string): CodedError | undefined {
  return isIP(host) === 0 ? undefined : judge(host, host);
}

function listed(found: string | LookupAddress[]): LookupAddress[] {
  return typeof found === 'string' ? [{ address: found, family: isIP(found) }] : found;
}
