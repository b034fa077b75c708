import type { RequestOptions } from "node:https";
import type { KubeConfig } from "@kubernetes/client-node";
import { KubeAccessError, type Credentials, type KubeAccess } from "./access.ts";

export interface KubeconfigOptions {
  /** Files, of which the first counts where they disagree, as KUBECONFIG lists them. */
  paths: readonly string[];
  /** Undefined: the file's current one. */
  context: string | undefined;
}

/**
 * The access that a context of a kubeconfig gives: client certificates, tokens, and programs that print
 * credentials (`exec`). Rejects with a KubeAccessError that says what is wrong.
 */
export async function kubeconfig(options: KubeconfigOptions): Promise<KubeAccess> {
  let config = await load(options);
  const { server, namespace } = placeOf(config, options);
  const context = config.getCurrentContext();
  return {
    server,
    said: `context ${context} of ${options.paths.join(", ")}`,
    namespace,
    async credentials(refused) {
      // A program's answer is kept until it expires; it is asked again by one that has not asked yet.
      if (refused) config = await load(options);
      return credentialsOf(config);
    },
  };
}

async function load({ paths, context }: KubeconfigOptions): Promise<KubeConfig> {
  // Half of what a process would load, and only this needs it.
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  for (const [i, path] of paths.entries()) {
    try {
      if (i === 0) config.loadFromFile(path);
      else {
        const next = new KubeConfig();
        next.loadFromFile(path);
        config.mergeConfig(next, true);
      }
    } catch (error) {
      throw new KubeAccessError(`${path}: ${unreadable(error)}`, { cause: error });
    }
  }
  if (context !== undefined) config.setCurrentContext(context);
  return config;
}

function unreadable(error: unknown): string {
  const { code } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such kubeconfig";
  if (code === "EACCES") return "the kubeconfig may not be read";
  return "this is not a kubeconfig (YAML of kind Config)";
}

function placeOf(config: KubeConfig, { paths }: KubeconfigOptions) {
  const file = paths.join(", ");
  const name = config.getCurrentContext();
  const known = config.getContexts().map((context) => context.name);
  const context = config.getContextObject(name);
  if (context === null) {
    const what = name ? `there is no context ${name}` : "no context is chosen (current-context)";
    throw new KubeAccessError(`${file}: ${what}; there are: ${known.join(", ") || "none"}`);
  }
  const cluster = config.getCurrentCluster();
  if (cluster === null) {
    throw new KubeAccessError(
      `${file}: context ${name} names the cluster ${context.cluster}, which is not there`,
    );
  }
  if (config.getCurrentUser() === null) {
    throw new KubeAccessError(
      `${file}: context ${name} names the user ${context.user}, which is not there`,
    );
  }
  if (cluster.proxyUrl !== undefined && cluster.proxyUrl !== "") {
    throw new KubeAccessError(`${file}: proxy-url of cluster ${cluster.name} is not supported`);
  }
  if (!URL.canParse(cluster.server)) {
    throw new KubeAccessError(`${file}: the server of cluster ${cluster.name} is not a URL`);
  }
  return { server: new URL(cluster.server), namespace: context.namespace };
}

/** What the library puts into the options of a request. */
type Applied = RequestOptions & { headers?: Record<string, string> };

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const applied: Applied = { headers: {} };
  try {
    await config.applyToHTTPSOptions(applied);
  } catch (error) {
    const user = config.getCurrentUser();
    const program = (user?.exec as { command?: string } | undefined)?.command;
    const how = program === undefined ? "" : ` by ${program}`;
    throw new KubeAccessError(`credentials of user ${user?.name} could not be had${how}`, {
      cause: error,
    });
  }
  const { headers = {}, auth, ca, cert, key, servername, rejectUnauthorized } = applied;
  const basic = typeof auth === "string" ? { authorization: basicAuth(auth) } : {};
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    token: undefined,
    headers: { ...basic, ...(Object.fromEntries(lower) as Record<string, string>) },
    ca: pem(ca),
    cert: pem(cert),
    key: pem(key),
    servername,
    verify: rejectUnauthorized !== false,
  };
}

function basicAuth(text: string): string {
  return `Basic ${Buffer.from(text).toString("base64")}`;
}

function pem(value: unknown): string | Buffer | undefined {
  return typeof value === "string" || Buffer.isBuffer(value) ? value : undefined;
}
