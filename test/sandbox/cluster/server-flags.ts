/** Names of files in a control plane's own folder, which is the working directory of both servers: short enough for any socket. */
export const files = {
  etcdSocket: 'etcd.sock',
  etcdData: 'etcd',
  etcdBackup: 'etcd-earlier',
  certificates: 'certificates',
  certificate: 'certificates/apiserver.crt',
  tokens: 'tokens.csv',
  authorizer: 'authorizer.yaml',
  adminToken: 'admin.token',
  accountKey: 'service-accounts.key',
  accountPublicKey: 'service-accounts.pub',
} as const;

/**
 * etcd listens on a Unix socket in a folder of ours and on no port: it knows no users, and whoever reaches it reads every
 * Secret. It insists on advertising TCP addresses, which nobody dials in a cluster of one.
 */
export function etcdFlags(): string[] {
  const nobody = 'http://127.0.0.1:1';
  return [
    `--data-dir=${files.etcdData}`,
    `--listen-client-urls=unix://${files.etcdSocket}`,
    `--advertise-client-urls=${nobody}`,
    '--listen-peer-urls=unix://peer.sock',
    `--initial-advertise-peer-urls=${nobody}`,
    `--initial-cluster=default=${nobody}`,
    // Survives the death of etcd, and a test survives no power cut.
    '--unsafe-no-fsync',
  ];
}

export function apiserverFlags({ port, asks }: { port: number; asks: 'RBAC' | 'RBAC,Webhook' }): string[] {
  return [
    `--etcd-servers=unix://${files.etcdSocket}`,
    `--cert-dir=${files.certificates}`,
    `--secure-port=${port}`,
    '--bind-address=127.0.0.1',
    // Without it the server looks for a default route, which a machine without a network has not.
    '--advertise-address=127.0.0.1',
    '--endpoint-reconciler-type=none',
    '--service-cluster-ip-range=10.0.0.0/24',
    `--authorization-mode=${asks}`,
    ...(asks === 'RBAC'
      ? []
      : [
          `--authorization-webhook-config-file=${files.authorizer}`,
          '--authorization-webhook-version=v1',
          // A test changes its mind.
          '--authorization-webhook-cache-authorized-ttl=1ms',
          '--authorization-webhook-cache-unauthorized-ttl=1ms',
        ]),
    `--token-auth-file=${files.tokens}`,
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${files.accountPublicKey}`,
    `--service-account-signing-key-file=${files.accountKey}`,
    // It would wait for default service accounts, which a controller makes that is not here.
    '--disable-admission-plugins=ServiceAccount',
    '--allow-privileged',
  ];
}
