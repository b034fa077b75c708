import { systemClock, wallClock, type Clock } from "../../clock.ts";
import { openAccess, type KubeAccess } from "../../kube/access.ts";
import { CALL_TIMEOUT_MS, kubeClient, type KubeClient } from "../../kube/client.ts";
import {
  apiVersionOf,
  keyOf,
  type KubeObject,
  type ObjectName,
  type Resource,
} from "../../kube/object.ts";
import { Waiting } from "../waiting.ts";
import { ApiServer, type Answered, type Intercept } from "./api-server.ts";
import type { KubeApi, KubeApiOptions, Manifest, RefusalSaid, Wanted } from "./kube-api.ts";
import { BUILT_IN_KINDS, customKind, kindKey, type Kind } from "./kinds.ts";
import { Listener } from "./listener.ts";
import { isAsked, Rbac, type PolicyRule } from "./rbac.ts";
import { SlowWriter } from "./slow-writer.ts";
import { expired, Refusal, say } from "./status.ts";
import type { Stored } from "./store.ts";
import type { Stream } from "./streams.ts";

const NAMESPACES = ["default", "kube-node-lease", "kube-public", "kube-system"];
const NAMESPACE = BUILT_IN_KINDS.find(({ kind }) => kind === "Namespace")!;

/** Starts an API server on a free port of the loopback. */
export async function startKubeApi(options: KubeApiOptions = {}): Promise<KubeApi> {
  const api = new DoubleApi(options);
  await api.listen(options);
  for (const name of NAMESPACES) api.makeNamespace(name);
  return api;
}

class DoubleApi implements KubeApi {
  readonly requests: Answered[] = [];
  readonly server: ApiServer;
  readonly #writer = new SlowWriter();
  readonly #waiting = new Waiting();
  readonly #clients: KubeClient[] = [];
  #listener!: Listener;
  #url = "";

  constructor({ clock = systemClock, wallClock: wall = wallClock, tester }: KubeApiOptions) {
    this.server = new ApiServer({
      clock,
      wallClock: wall,
      write: (response, line) => this.#writer.write(response, line),
      answered: (answered) => {
        this.requests.push(answered);
        this.#waiting.look();
      },
      streamsChanged: () => this.#waiting.look(),
      tester:
        tester === undefined ? undefined : { token: tester.token, rbac: new Rbac(tester.rules) },
    });
  }

  async listen({ tls, host = "127.0.0.1" }: KubeApiOptions): Promise<void> {
    this.#listener = await Listener.start({
      host,
      tls,
      handle: (request, response) => void this.server.handle(request, response),
    });
    const name = host.includes(":") ? `[${host}]` : host;
    this.#url = `${tls === undefined ? "http" : "https"}://${name}:${this.#listener.port}`;
  }

  get url(): string {
    return this.#url;
  }
  get streams(): number {
    return this.server.streams.size;
  }

  client({
    access = openAccess(this.#url),
    clock = systemClock,
    timeoutMs = CALL_TIMEOUT_MS,
  }: { access?: KubeAccess; clock?: Clock; timeoutMs?: number } = {}): KubeClient {
    const said = { userAgent: "warren-test", fieldManager: "warren-test" };
    const client = kubeClient({ access, clock, timeoutMs, ...said });
    this.#clients.push(client);
    return client;
  }

  request(wanted: Wanted): Promise<Answered> {
    return this.until(() => this.requests.find((one) => fits(one, wanted)));
  }
  until<T>(seen: () => T | undefined | false): Promise<T> {
    return this.#waiting.until(seen);
  }

  put<T extends KubeObject>(object: object, resource?: Resource<T>): T {
    const { store, catalog } = this.server;
    const said = structuredClone(object) as Manifest;
    if (resource !== undefined) {
      said.apiVersion = apiVersionOf(resource);
      said.kind = resource.kind;
    }
    const kind = catalog.ofObject(said);
    if (kind === undefined) throw new Error(`${said.apiVersion} ${said.kind} is not served`);
    const { metadata } = said;
    if (!kind.namespaced) delete metadata.namespace;
    else this.makeNamespace((metadata.namespace ??= "default"));
    const before = store.get(kind, keyOf(said));
    const stored = said as unknown as Stored;
    const after =
      before === undefined ? store.create(kind, stored) : store.update(kind, before, stored);
    return after as unknown as T;
  }

  makeNamespace(name: string): void {
    const { store } = this.server;
    if (store.get(NAMESPACE, name) !== undefined) return;
    store.create(NAMESPACE, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
      spec: { finalizers: ["kubernetes"] },
      status: { phase: "Active" },
    });
  }

  remove(resource: Resource, name: ObjectName): boolean {
    const kind = this.#kind(resource);
    const { store } = this.server;
    const before = store.get(kind, keyOf({ metadata: metadataOf(name) }));
    if (before === undefined) return false;
    const { finalizers: _, ...metadata } = before.metadata;
    store.remove(kind, { ...before, metadata });
    return true;
  }
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): T | undefined {
    const key = keyOf({ metadata: metadataOf(name) });
    return this.server.store.get(this.#kind(resource), key) as unknown as T | undefined;
  }
  all<T extends KubeObject>(resource: Resource<T>, namespace?: string): T[] {
    return this.server.store.all(this.#kind(resource), namespace) as unknown as T[];
  }

  serve(resource: Resource): void {
    this.server.catalog.serve(customKind(resource));
  }
  withdraw(resource: Resource): void {
    this.server.catalog.withdraw(resource);
  }

  forbid(verb: string, resource: Resource, namespace?: string): () => void {
    return this.server.rbac.forbid(isAsked(verb, resource, namespace));
  }
  allowOnly(rules: readonly PolicyRule[] | undefined): void {
    this.server.rbac.allowOnly(rules);
  }
  requireToken(token: string): void {
    this.server.token = token;
  }

  refuse(wanted: Wanted, said: RefusalSaid, times = 1): void {
    const { code, reason, message = reason, retryAfterSeconds } = said;
    const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
    this.#answerNext(wanted, new Refusal(code, reason, message, details), times);
  }
  refuseApply(wanted: Wanted, said: { manager: string; fields: readonly string[] }): void {
    this.#answerNext({ ...wanted, verb: "patch" }, applyConflict(said), 1);
  }
  intercept(intercept: Intercept): () => void {
    this.server.intercepts.add(intercept);
    return () => this.server.intercepts.delete(intercept);
  }

  endStreams(): void {
    this.#eachStream((stream) => stream.end());
  }
  cutStreams(): void {
    this.#eachStream((stream) => stream.cut());
  }
  truncateStreams(): void {
    this.#eachStream((stream) => stream.truncate());
  }
  expireStreams(): void {
    this.#eachStream((stream) => stream.fail(expired()));
  }
  holdStreams(): () => void {
    const held = [...this.server.streams];
    for (const stream of held) stream.hold();
    return () => held.forEach((stream) => stream.release());
  }
  sayInStreams(text: string): void {
    this.#eachStream((stream) => stream.say(text));
  }
  bookmark(): void {
    this.#eachStream((stream) => stream.bookmark());
  }
  slow(pieceBytes: number): void {
    this.#writer.pieceBytes = pieceBytes;
  }
  compact(): void {
    this.server.store.compact();
  }
  stop(): Promise<void> {
    return this.#listener.stop();
  }
  restart(): Promise<void> {
    return this.#listener.restart();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.stop();
  }

  #kind(resource: Resource): Kind {
    const { group, version, plural } = resource;
    const kind = this.server.catalog.find(group, version, plural);
    if (kind === undefined) throw new Error(`${kindKey(resource)} is not served`);
    return kind;
  }

  #eachStream(act: (stream: Stream) => void): void {
    for (const stream of this.server.streams) act(stream);
  }

  #answerNext(wanted: Wanted, refusal: Refusal, times: number): void {
    let left = times;
    const forget = this.intercept(({ verb, info, response }) => {
      if (info === undefined || !fits(answeredBy({ ...info, verb }), wanted)) return false;
      left -= 1;
      if (left === 0) forget();
      say(response, refusal);
      return true;
    });
  }
}

function answeredBy(info: {
  verb: string;
  plural: string;
  subresource: string | undefined;
  namespace: string | undefined;
  name: string | undefined;
}): Pick<Answered, "verb" | "resource" | "namespace" | "name"> {
  const { verb, plural, subresource, namespace, name } = info;
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  return { verb, resource, namespace, name };
}

function fits(
  one: Pick<Answered, "verb" | "resource" | "namespace" | "name">,
  wanted: Wanted,
): boolean {
  const { verb, resource, namespace, name } = wanted;
  return (
    (verb === undefined || verb === one.verb) &&
    (resource === undefined || resource === one.resource) &&
    (namespace === undefined || namespace === one.namespace) &&
    (name === undefined || name === one.name)
  );
}

function metadataOf({ namespace, name }: ObjectName): { name: string; namespace?: string } {
  return namespace === undefined ? { name } : { name, namespace };
}

/** As the server words it (apimachinery, `NewApplyConflict`; structured-merge-diff, `Conflicts.Error`). */
function applyConflict(said: { manager: string; fields: readonly string[] }): Refusal {
  const { manager, fields } = said;
  const message = `conflict with "${manager}"`;
  const causes = fields.map((field) => ({ reason: "FieldManagerConflict", message, field }));
  const one = `Apply failed with 1 conflict: ${message}: ${fields[0]}`;
  const many = `Apply failed with ${fields.length} conflicts: conflicts with "${manager}":\n${fields.map((field) => `- ${field}`).join("\n")}`;
  return new Refusal(409, "Conflict", fields.length === 1 ? one : many, { causes });
}
