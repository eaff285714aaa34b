/**
 * Which rule is missing for the controller to read a Secret, and the command that makes it. Short, since a status has 256 bytes for it
 * and the command stands at its end.
 */
export function deniedSecret(namespace: string, secret: string, credential: string): string {
  return `no rule lets the controller get secrets with resourceNames [${secret}] in ${namespace}; grant it: lockkeeper rbac ${credential} -n ${namespace} | kubectl apply -f -`;
}
