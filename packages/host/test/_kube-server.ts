/** Servers that the facts of the API are run on, and how a test speaks to them without a client's care. */
import { randomBytes } from "node:crypto";
import { systemClock } from "../src/index.ts";
import {
  CALL_TIMEOUT_MS,
  kubeClient,
  NAMESPACES,
  openAccess,
  NO_CREDENTIALS,
  type KubeAccess,
  type KubeClient,
} from "../src/kube/index.ts";
import { KubeRequests } from "../src/kube/requests.ts";
import { privateKubeApiserver, startKubeApi, type KubePrograms } from "../src/testing/index.ts";

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
  raw(method: string, path: string, body?: unknown, contentType?: string): Promise<Answer>;
}

function serverOf(
  access: { admin: KubeAccess; tester: KubeAccess; stranger: KubeAccess },
  close: () => PromiseLike<void>,
): KubeServer {
  const open = (one: KubeAccess) =>
    kubeClient({
      access: one,
      clock: systemClock,
      userAgent: "facts",
      fieldManager: "facts",
      timeoutMs: CALL_TIMEOUT_MS,
    });
  const client = open(access.admin);
  const requests = new KubeRequests({
    access: access.admin,
    clock: systemClock,
    userAgent: "facts",
  });
  const [tester, stranger] = [open(access.tester), open(access.stranger)];
  return {
    admin: access.admin,
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

export async function doubleServer(): Promise<KubeServer> {
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
  );
}

export async function realServer(programs: KubePrograms): Promise<KubeServer> {
  const server = await privateKubeApiserver(programs);
  const credentials = { ...NO_CREDENTIALS, token: "nobody", verify: false };
  const stranger = { ...server.admin, credentials: () => Promise.resolve(credentials) };
  return serverOf({ admin: server.admin, tester: server.tester, stranger }, () =>
    server[Symbol.asyncDispose](),
  );
}
