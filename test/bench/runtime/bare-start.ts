/** The limit that a start is measured against: loads the packages that the controller loads, and ends. */
await Promise.all([
  import('@octokit/auth-app'),
  import('@octokit/core'),
  import('@octokit/plugin-rest-endpoint-methods'),
  import('lru-cache'),
  import('pino'),
  import('prom-client'),
  import('semver'),
  import('tar'),
  import('undici'),
  import('yaml'),
  import('zod'),
]);
