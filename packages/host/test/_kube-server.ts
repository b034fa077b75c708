/** Servers that the facts of the API are run on, and how a test speaks to them without a client's care. */
import { randomBytes } from "node:crypto";
import { systemClock } from "../src/index.ts";
import {
  CALL_TIMEOUT_MS,
  kubeClient,
  NAMESPACES,
  openAccess,
  NO_CREDENTIALS,
  type Draft,
  type Ingress,
  type KubeAccess,
  type KubeClient,
} from "../src/kube/index.ts";
import { KubeRequests } from "../src/kube/requests.ts";
import {
  kubePrograms,
  privateKubeApiserver,
  startKubeApi,
  type KubePrograms,
} from "../src/testing/index.ts";

export const backend = { service: { name: "web", port: { number: 80 } } };
export const paths = [{ path: "/", pathType: "Prefix" as const, backend }];
export const ingress = (namespace: string, name = "web", host = "a.example"): Draft<Ingress> => ({
  metadata: { namespace, name },
  spec: { rules: [{ host, http: { paths } }] },
});

export interface Answer {
  status: number;
  reason: string;
  message: string;
  body: Record<string, unknown>;
}

export interface KubeServer extends AsyncDisposable {
  admin: KubeAccess;
  client: KubeClient;
  /** One who may do nothing. */
  tester: KubeClient;
  stranger: KubeClient;
  /** A namespace of its own for a test. */
  namespace(): Promise<string>;
  /** What the next apply of an Ingress is answered, where nobody keeps owners. */
  recordConflict(said: { manager: string; fields: readonly string[] }): void;
  raw(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
}

function open(access: KubeAccess): KubeClient {
  const said = { userAgent: "facts", fieldManager: "facts" };
  return kubeClient({ access, clock: systemClock, timeoutMs: CALL_TIMEOUT_MS, ...said });
}

function serverOf(
  access: { admin: KubeAccess; tester: KubeAccess; stranger: KubeAccess },
  close: () => PromiseLike<void>,
  recordConflict: KubeServer["recordConflict"],
): KubeServer {
  const client = open(access.admin);
  const requests = new KubeRequests({
    access: access.admin,
    clock: systemClock,
    userAgent: "facts",
  });
  const [tester, stranger] = [open(access.tester), open(access.stranger)];
  return {
    admin: access.admin,
    recordConflict,
    client,
    tester,
    stranger,
    async namespace() {
      const name = `facts-${randomBytes(4).toString("hex")}`;
      await client.create(NAMESPACES, { metadata: { name } });
      return name;
    },
    raw: (method, path, body, contentType = "application/json") =>
      rawOf(requests, { method, path, body, contentType }),
    async [Symbol.asyncDispose]() {
      for (const one of [client, tester, stranger]) one[Symbol.dispose]();
      requests[Symbol.dispose]();
      await close();
    },
  };
}

interface Raw {
  method: string;
  path: string;
  body: unknown;
  contentType: string;
}

/** What a request is answered, whatever that is. */
async function rawOf(requests: KubeRequests, { method, path, body, contentType }: Raw) {
  const call = {
    what: `${method} ${path}`,
    method: method as "GET",
    path,
    query: {},
    body,
    contentType,
  };
  try {
    const answer = (await requests.json(call, { timeoutMs: 10_000, signal: undefined })) as object;
    return { status: 200, reason: "", message: "", body: answer as Record<string, unknown> };
  } catch (error) {
    const { status, reason, message } = error as Answer;
    return { status, reason, message: message.replace(/^[^:]*: \d+ /, ""), body: {} };
  }
}

async function doubleServer(): Promise<KubeServer> {
  const api = await startKubeApi({ tester: { token: "tester-token", rules: [] } });
  api.requireToken("admin-token");
  const withToken = (token: string): KubeAccess => ({
    ...openAccess(api.url),
    credentials: () => Promise.resolve({ ...NO_CREDENTIALS, token }),
  });
  return serverOf(
    {
      admin: withToken("admin-token"),
      tester: withToken("tester-token"),
      stranger: withToken("nobody"),
    },
    () => api[Symbol.asyncDispose](),
    (conflict) => api.refuseApply({ resource: "ingresses" }, conflict),
  );
}

async function realServer(programs: KubePrograms): Promise<KubeServer> {
  const server = await privateKubeApiserver(programs);
  const credentials = { ...NO_CREDENTIALS, token: "nobody", verify: false };
  const stranger = { ...server.admin, credentials: () => Promise.resolve(credentials) };
  const { admin, tester } = server;
  const close = () => server[Symbol.asyncDispose]();
  return serverOf({ admin, tester, stranger }, close, () => {});
}

/** The double, and a kube-apiserver where one is there. */
export function servers(): [name: string, start: () => Promise<KubeServer>][] {
  const programs = kubePrograms();
  const double: [string, () => Promise<KubeServer>] = ["the double", doubleServer];
  return programs === undefined
    ? [double]
    : [double, ["kube-apiserver", () => realServer(programs)]];
}
