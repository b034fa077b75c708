/** What a request carries so that the server knows who asks, and who asks knows the server. */
export interface Credentials {
  /** Sent as a bearer token; never logged. */
  token: string | undefined;
  /** More headers, in lower case. */
  headers: Readonly<Record<string, string>>;
  /** PEM. Undefined: what the system trusts. */
  ca: string | Buffer | undefined;
  /** PEM of a client certificate, with its key. */
  cert: string | Buffer | undefined;
  key: string | Buffer | undefined;
  /** The name that the server's certificate must have, where it is not the host. */
  servername: string | undefined;
  /** False: any certificate is taken, as a kubeconfig with `insecure-skip-tls-verify` asks. */
  verify: boolean;
}

/** Where an API server is and how to speak to it. */
export interface KubeAccess {
  /** May have a path, under which the whole API is. */
  readonly server: URL;
  /** For people: `the service account of this pod`, `context homelab of /home/me/.kube/config`. */
  readonly said: string;
  /** Namespace of the pod or of the context. */
  readonly namespace: string | undefined;
  /** Asked before each request. `refused`: those of last time were answered 401, read them anew. */
  credentials(refused: boolean): Promise<Credentials>;
}

/** Why there is no access; the message says what was missing and what to do. */
export class KubeAccessError extends Error {
  override readonly name = "KubeAccessError";
}

export const NO_CREDENTIALS: Credentials = {
  token: undefined,
  headers: {},
  ca: undefined,
  cert: undefined,
  key: undefined,
  servername: undefined,
  verify: true,
};

/** A server that asks for nothing: `kubectl proxy`, or the double of the tests. */
export function openAccess(url: string): KubeAccess {
  return {
    server: new URL(url),
    said: url,
    namespace: undefined,
    credentials: () => Promise.resolve(NO_CREDENTIALS),
  };
}
