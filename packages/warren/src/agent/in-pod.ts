import type { Environment } from "@warren/host";

/**
 * Where the API server is, as Kubernetes tells every container of a pod (kubernetes.io, "Accessing
 * the Kubernetes API from a Pod"). Nothing of it outside of one.
 */
export function inPod(env: Environment) {
  return { host: env["KUBERNETES_SERVICE_HOST"], port: env["KUBERNETES_SERVICE_PORT"] };
}
