import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock } from "../../clock.ts";
import { Catalog } from "./catalog.ts";
import { discovered } from "./discovery.ts";
import type { Kind } from "./kinds.ts";
import { Rbac } from "./rbac.ts";
import { Reads } from "./reads.ts";
import { requestInfo, type RequestInfo } from "./request-info.ts";
import { badRequest, json, Refusal, say, unknownPath, unsupported } from "./status.ts";
import { Store } from "./store.ts";
import { Stream, typeOf } from "./streams.ts";
import { Writes, type WriteRequest, type Written } from "./writes.ts";

/** A request that was answered. */
export interface Answered {
  /** get, list, watch, create, update, patch, delete, deletecollection; "" for other paths. */
  verb: string;
  method: string;
  /** With the query. */
  url: string;
  /** `ingresses`, `ingresses/status`. */
  resource: string;
  namespace: string | undefined;
  name: string | undefined;
  status: number;
  headers: IncomingMessage["headers"];
  body: unknown;
}

/** An answer that a test put in the way of requests: true when it has answered. */
export type Intercept = (asked: {
  verb: string;
  info: RequestInfo | undefined;
  request: IncomingMessage;
  response: ServerResponse;
  body: unknown;
}) => boolean | Promise<boolean>;

export interface ApiServerOptions {
  clock: Clock;
  wallClock: () => number;
  /** Writes a line to a stream, in one piece or in many. */
  write: (response: ServerResponse, line: string) => void;
  answered: (answered: Answered) => void;
  streamsChanged: () => void;
  /** One more who may ask. */
  tester: { token: string; rbac: Rbac } | undefined;
}

const MOST_BODY_BYTES = 3 * 1_048_576;

/** Answers requests as an API server does. */
export class ApiServer {
  readonly store: Store;
  readonly catalog: Catalog;
  readonly rbac = new Rbac();
  readonly streams = new Set<Stream>();
  readonly intercepts = new Set<Intercept>();
  /** Asked for in every request once it is set. */
  token: string | undefined;
  readonly #options: ApiServerOptions;
  readonly #reads: Reads;
  readonly #writes: Writes;

  constructor(options: ApiServerOptions) {
    this.#options = options;
    this.store = new Store(options.wallClock);
    this.catalog = new Catalog(this.store, (kind) => this.#withdrawn(kind));
    this.#reads = new Reads(this.store);
    this.#writes = new Writes(this.store);
    this.store.onChange((change) => {
      for (const stream of this.streams) stream.heard(change);
    });
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", "http://kube");
    const { method = "GET", headers } = request;
    let info: RequestInfo | undefined;
    let body: unknown;
    try {
      body = await bodyOf(request);
      const rbac = this.#authenticate(headers.authorization);
      info = requestInfo(method, url);
      const asked = { verb: info?.verb ?? "", info, request, response, body };
      for (const intercept of this.intercepts) if (await intercept(asked)) return;
      this.#answer(request, response, { url, info, body, rbac });
    } catch (error) {
      say(response, refusalFor(error));
    } finally {
      const { verb = "", namespace, name, plural = "", subresource } = info ?? {};
      const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
      const { statusCode: status } = response;
      const said = { verb, method, url: request.url ?? "", resource, namespace, name, status };
      this.#options.answered({ ...said, headers, body });
    }
  }

  #answer(
    request: IncomingMessage,
    response: ServerResponse,
    {
      url,
      info,
      body,
      rbac,
    }: { url: URL; info: RequestInfo | undefined; body: unknown; rbac: Rbac },
  ): void {
    if (info === undefined) return this.#other(url, response);
    if (info.plural === "selfsubjectaccessreviews")
      return json(response, 201, reviewed(body, rbac));
    rbac.check(attributesOf(info));
    const kind = this.catalog.find(info.group, info.version, info.plural);
    if (kind === undefined || !isServed(kind, info)) throw unknownPath();
    const query = url.searchParams;
    if (info.verb === "watch") return this.#watch(response, { kind, info, query });
    if (info.verb === "list") return this.#list(response, { kind, info, query });
    const contentType = (request.headers["content-type"] ?? "").split(";")[0]?.trim() ?? "";
    const { code, object } = this.#one({ info, kind, contentType, body, query });
    json(response, code, { ...object, ...typeOf({ ...kind, version: info.version }) });
  }

  #one(request: WriteRequest): Written {
    const { verb, name } = request.info;
    const isCollection = name === undefined;
    if (isCollection === (verb !== "create")) throw notAllowed();
    if (verb === "get") return this.#writes.read(request);
    if (verb === "delete") return this.#writes.delete(request);
    if (verb === "patch") return this.#writes.patch(request);
    if (!/^(application\/json)?$/.test(request.contentType)) {
      throw unsupported(["application/json"]);
    }
    return verb === "create" ? this.#writes.create(request) : this.#writes.update(request);
  }

  #list(
    response: ServerResponse,
    { kind, info, query }: { kind: Kind; info: RequestInfo; query: URLSearchParams },
  ): void {
    const { items, metadata } = this.#reads.list(kind, info.namespace, query);
    const { apiVersion } = typeOf(kind);
    // Like a server's, the items of a built-in kind do not say what they are.
    const shown = kind.custom
      ? items.map((item) => ({ ...item, ...typeOf(kind) }))
      : items.map((item) => ({ ...item, apiVersion: undefined, kind: undefined }));
    json(response, 200, { kind: `${kind.kind}List`, apiVersion, metadata, items: shown });
  }

  #watch(
    response: ServerResponse,
    { kind, info, query }: { kind: Kind; info: RequestInfo; query: URLSearchParams },
  ): void {
    const { clock, write } = this.#options;
    const line = (text: string) => write(response, text);
    const request = { kind, namespace: info.namespace, query };
    const ended = (over: Stream) => {
      this.streams.delete(over);
      this.#options.streamsChanged();
    };
    const deps = { response, store: this.store, clock, write: line, ended };
    const stream = new Stream(request, deps);
    this.streams.add(stream);
    stream.begin();
    this.#options.streamsChanged();
  }

  #other(url: URL, response: ServerResponse): void {
    if (/^\/(healthz|livez|readyz)$/.test(url.pathname)) {
      return void response.writeHead(200, { "content-type": "text/plain" }).end("ok");
    }
    const found = discovered(url.pathname.replace(/\/$/, ""), this.catalog);
    if (found === undefined) throw unknownPath();
    json(response, 200, found);
  }

  /** What whoever brings this may do. */
  #authenticate(authorization: string | undefined): Rbac {
    const { tester } = this.#options;
    if (tester !== undefined && authorization === `Bearer ${tester.token}`) return tester.rbac;
    if (this.token === undefined || authorization === `Bearer ${this.token}`) return this.rbac;
    throw new Refusal(401, "Unauthorized", "Unauthorized");
  }

  /** Objects go first, so that whoever watches hears it, and then the streams end. */
  #withdrawn(kind: Kind): void {
    this.store.drop(kind);
    for (const stream of this.streams) {
      const { group, plural } = stream.request.kind;
      if (group === kind.group && plural === kind.plural) stream.end();
    }
  }
}

function reviewed(body: unknown, rbac: Rbac): object {
  const { spec } = body as { spec: { resourceAttributes: Record<string, string | undefined> } };
  const { verb = "", group = "", resource = "", ...rest } = spec.resourceAttributes;
  const { subresource, namespace, name } = rest;
  const full = subresource === undefined ? resource : `${resource}/${subresource}`;
  return {
    kind: "SelfSubjectAccessReview",
    apiVersion: "authorization.k8s.io/v1",
    metadata: { creationTimestamp: null },
    spec,
    status: { allowed: rbac.allows({ verb, group, resource: full, namespace, name }) },
  };
}

function notAllowed(): Refusal {
  const why = "the server does not allow this method on the requested resource";
  return new Refusal(405, "MethodNotAllowed", why);
}

function attributesOf({ verb, group, plural, subresource, namespace, name }: RequestInfo) {
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`;
  return { verb, group, resource, namespace, name };
}

function isServed({ hasStatus, namespaced }: Kind, { subresource, namespace, name }: RequestInfo) {
  if (subresource !== undefined && !(subresource === "status" && hasStatus)) return false;
  if (!namespaced) return namespace === undefined;
  return namespace !== undefined || name === undefined;
}

function refusalFor(error: unknown): Refusal {
  if (error instanceof Refusal) return error;
  const why = error instanceof Error ? (error.stack ?? error.message) : String(error);
  return new Refusal(500, "InternalError", `the double broke: ${why}`);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) {
      throw new Refusal(413, "RequestEntityTooLarge", "limit is 3145728 bytes");
    }
    chunks.push(chunk);
  }
  if (bytes === 0) return undefined;
  // A real server reads this too; kubectl says it to few resources, none of which is asked for here.
  if (/protobuf|cbor/.test(request.headers["content-type"] ?? "")) {
    throw unsupported(["application/json", "application/yaml"]);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString("utf8"));
  } catch (error) {
    throw badRequest(`the body is not JSON: ${String(error)}`);
  }
}
