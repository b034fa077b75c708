import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { join } from "node:path";
import type { Clock } from "../clock.ts";
import { KubeAccessError, NO_CREDENTIALS, type Credentials, type KubeAccess } from "./access.ts";

export interface InClusterOptions {
  /** KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT, which a kubelet sets in every container. */
  host: string | undefined;
  port: string | undefined;
  /** Where the service account is mounted. */
  folder: string;
  clock: Clock;
}

export const SERVICE_ACCOUNT_FOLDER = "/var/run/secrets/kubernetes.io/serviceaccount";
/** A kubelet replaces a token at four fifths of its life, an hour at least; client-go reads it each minute, too. */
const FRESH_MS = 60_000;
const FILES = ["token", "ca.crt", "namespace"] as const;

/** The access that a pod's service account gives. Rejects with a KubeAccessError that says what is missing. */
export async function inClusterConfig(options: InClusterOptions): Promise<KubeAccess> {
  const { host, port } = options;
  if (host === undefined || host === "" || port === undefined || port === "") {
    const missing = host === undefined || host === "" ? "HOST" : "PORT";
    throw new KubeAccessError(
      `KUBERNETES_SERVICE_${missing} is not set, so this is no container of a Kubernetes pod; ` +
        "outside of a cluster, give a kubeconfig",
    );
  }
  const [, , namespace] = await Promise.all(FILES.map((name) => read(options.folder, name)));
  const name = isIP(host) === 6 ? `[${host}]` : host;
  return {
    server: new URL(`https://${name}:${port}`),
    said: "the service account of this pod",
    namespace,
    credentials: freshCredentials(options),
  };
}

function freshCredentials({ folder, clock }: InClusterOptions): KubeAccess["credentials"] {
  let kept: { credentials: Credentials; at: number } | undefined;
  return async (refused) => {
    if (!refused && kept !== undefined && clock.now() - kept.at < FRESH_MS) return kept.credentials;
    try {
      const [token, ca] = await Promise.all([read(folder, "token"), read(folder, "ca.crt")]);
      kept = { credentials: { ...NO_CREDENTIALS, token, ca }, at: clock.now() };
    } catch (error) {
      // A token that is being replaced is not there for a moment: the one before still counts.
      if (kept === undefined || refused) throw error;
    }
    return kept.credentials;
  };
}

const MISSING: Readonly<Record<string, string>> = {
  ENOENT: "there is no such file: does the pod say automountServiceAccountToken: false?",
  EACCES: "the file may not be read: set fsGroup in the pod's securityContext",
};

async function read(folder: string, name: (typeof FILES)[number]): Promise<string> {
  const path = join(folder, name);
  const text = await readFile(path, "utf8").catch((error: NodeJS.ErrnoException) => {
    const why = MISSING[error.code ?? ""] ?? "the file cannot be read";
    throw new KubeAccessError(`${path}: ${why}`, { cause: error });
  });
  if (text.trim() === "") throw new KubeAccessError(`${path}: the file is empty`);
  return text.trim();
}
