import { z } from 'zod';
import { logLevels } from '../telemetry/log.ts';

/** `host:port` or `:port`, an IPv6 address in brackets; `0`: nowhere. */
const listenAddress = z
  .string()
  .regex(/^(0|([^\s:[\]]*|\[[0-9a-fA-F:.]+\]):[0-9]{1,5})$/, 'must be host:port, :port, or 0 for none')
  .transform((address) => {
    if (address === '0') return 'nowhere' as const;
    const cut = address.lastIndexOf(':');
    const host = address.slice(0, cut).replace(/^\[|\]$/g, '');
    return { host, port: Number(address.slice(cut + 1)) };
  })
  .refine((address) => address === 'nowhere' || address.port <= 65_535, { message: 'has no such port' });

/** The name of a Namespace. */
export const namespaceName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, 'is not the name of a namespace');

/** The name of a ServiceAccount. */
export const accountName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/, 'is not the name of a service account');

/** Whether a flag without a value was given. */
export const isGiven = z
  .string()
  .optional()
  .transform((given) => given !== undefined);

/** As what the controller runs where the chart was installed as the README says. */
export const defaultController = { namespace: 'lockkeeper-system', name: 'lockkeeper-controller' } as const;

/** What every process that runs in a cluster is told. */
export const processOptions = {
  logLevel: z.enum(logLevels).default('info'),
  kubeconfig: z.string().min(1).optional(),
  context: z.string().min(1).optional(),
  serviceAccountFolder: z.string().min(1).default('/var/run/secrets/kubernetes.io/serviceaccount'),
  telemetryAddress: listenAddress.default({ host: '', port: 8080 }),
};

/** A rule for `z.refine`: a context is one of a kubeconfig. */
export const contextNeedsKubeconfig = {
  message: 'says which context of a kubeconfig: give --kubeconfig too',
  path: ['context'],
  when: () => true,
};
