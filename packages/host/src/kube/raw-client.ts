import type {
  ApplyHow,
  KubeClient,
  KubeClientOptions,
  Listed,
  WatchEvent,
  WatchFrom,
} from "./client.ts";
import { KubeError } from "./kube-error.ts";
import { listAll } from "./list-all.ts";
import {
  apiVersionOf,
  type Applied,
  type Draft,
  type KubeObject,
  type ObjectName,
  type Resource,
  type Select,
} from "./object.ts";
import { collectionPath, groupPath, objectPath, type Query } from "./path.ts";
import { KubeRequests, type Call, type Limits } from "./requests.ts";
import { watchEvents } from "./watch-events.ts";

const JSON_TYPE = "application/json";
const MERGE_TYPE = "application/merge-patch+json";
/** JSON is YAML. */
const APPLY_TYPE = "application/apply-patch+yaml";

export class RawClient implements KubeClient {
  readonly #options: KubeClientOptions;
  readonly #requests: KubeRequests;
  readonly #limits: Limits;

  constructor(options: KubeClientOptions, requests?: KubeRequests, limits?: Limits) {
    this.#options = options;
    this.#requests = requests ?? new KubeRequests(options);
    this.#limits = limits ?? { timeoutMs: options.timeoutMs, signal: undefined };
  }

  get access() {
    return this.#options.access;
  }

  within(limits: Partial<Limits>): KubeClient {
    return new RawClient(this.#options, this.#requests, { ...this.#limits, ...limits });
  }

  [Symbol.dispose](): void {
    this.#requests[Symbol.dispose]();
  }

  async get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): Promise<T | undefined> {
    const what = said("get", resource, name);
    const answer = await this.#found(reading(what, objectPath(resource, name), {}));
    return answer as T | undefined;
  }

  list<T extends KubeObject>(
    resource: Resource<T>,
    select: Select,
    trim: (object: T) => T = (object) => object,
  ): Promise<Listed<T>> {
    const what = said("list", resource, select);
    const path = collectionPath(resource, select.namespace);
    const ask = (query: Query) => this.#requests.json(reading(what, path, query), this.#limits);
    return listAll(ask, select, trim);
  }

  watch<T extends KubeObject>(
    resource: Resource<T>,
    from: WatchFrom,
  ): AsyncGenerator<WatchEvent<T>, void> {
    const what = said("watch", resource, from.select);
    const path = collectionPath(resource, from.select.namespace);
    const open = (query: Query, life: AbortController) =>
      this.#requests.stream(reading(what, path, query), this.#limits, life);
    const { clock } = this.#options;
    return watchEvents<T>({ what, from, open, clock, signal: this.#limits.signal });
  }

  async create<T extends KubeObject>(resource: Resource<T>, object: Draft<T>): Promise<T> {
    const path = collectionPath(resource, object.metadata.namespace);
    const call = this.#write("POST", said("create", resource, object.metadata), path);
    return this.#ask<T>({ ...call, body: typed(resource, object) });
  }

  replace<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.#put(resource, object, undefined);
  }

  replaceStatus<T extends KubeObject>(resource: Resource<T>, object: T): Promise<T> {
    return this.#put(resource, object, "status");
  }

  async apply<T extends KubeObject>(
    resource: Resource<T>,
    object: Applied,
    how: ApplyHow,
  ): Promise<T> {
    const path = objectPath(resource, nameOf(object), how.subresource);
    const call = this.#write("PATCH", said("apply", resource, object.metadata), path);
    const query = { fieldManager: how.fieldManager, force: how.force ? "true" : undefined };
    return this.#ask<T>({ ...call, query, contentType: APPLY_TYPE, body: typed(resource, object) });
  }

  async mergePatch<T extends KubeObject>(
    resource: Resource<T>,
    name: ObjectName,
    patch: { body: object; subresource: "status" | undefined },
  ): Promise<T> {
    const path = objectPath(resource, name, patch.subresource);
    const call = this.#write("PATCH", said("patch", resource, name), path);
    return this.#ask<T>({ ...call, contentType: MERGE_TYPE, body: patch.body });
  }

  async delete(resource: Resource, name: ObjectName, uid: string | undefined): Promise<boolean> {
    const call = this.#write("DELETE", said("delete", resource, name), objectPath(resource, name));
    const options = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
    const body = uid === undefined ? undefined : options;
    return (await this.#found({ ...call, query: {}, body })) !== undefined;
  }

  async serves(resource: Resource): Promise<boolean> {
    const path = groupPath(resource);
    const { group, version, plural } = resource;
    const call = reading(`discover ${path}`, path, {});
    const found = (await this.#found(call)) as Discovered | undefined;
    if (found !== undefined)
      return listOf(call.what, found.resources).some(({ name }) => name === plural);
    // Also a proxy answers 404. What has a list of groups is the API server, and knows its own.
    const all = reading("discover /apis", "/apis", {});
    const { groups } = await this.#ask<Discovered>(all);
    const served = listOf(all.what, groups).find(({ name }) => name === group)?.versions ?? [];
    if (group !== "" && !served.some((one) => one.version === version)) return false;
    throw notTheServers(call.what);
  }

  async may(
    verb: string,
    resource: Resource,
    where: string | ObjectName | undefined,
  ): Promise<boolean> {
    const path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews";
    const [plural, subresource] = resource.plural.split("/");
    const { group, version } = resource;
    const place = typeof where === "string" ? { namespace: where } : where;
    const resourceAttributes = { verb, group, version, resource: plural, subresource, ...place };
    const review = {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes },
    };
    const call = this.#write("POST", `ask whether to ${verb} ${resource.plural}`, path);
    const answer = await this.#ask<{ status?: { allowed?: boolean } }>({ ...call, body: review });
    return answer.status?.allowed === true;
  }

  async version(): Promise<{ major: string; minor: string; gitVersion: string }> {
    return this.#ask(reading("ask for the version", "/version", {}));
  }

  #put<T extends KubeObject>(
    resource: Resource<T>,
    object: T,
    subresource: "status" | undefined,
  ): Promise<T> {
    const path = objectPath(resource, nameOf(object), subresource);
    const call = this.#write("PUT", said("replace", resource, object.metadata), path);
    return this.#ask<T>({ ...call, body: typed(resource, object) });
  }

  #write(method: Call["method"], what: string, path: string): Call {
    const query = { fieldManager: this.#options.fieldManager };
    return { what, method, path, query, body: undefined, contentType: JSON_TYPE };
  }

  async #ask<T>(call: Call): Promise<T> {
    return (await this.#requests.json(call, this.#limits)) as T;
  }

  async #found(call: Call): Promise<unknown> {
    try {
      return await this.#requests.json(call, this.#limits);
    } catch (error) {
      if (error instanceof KubeError && error.status === 404) return undefined;
      throw error;
    }
  }
}

function reading(what: string, path: string, query: Query): Call {
  return { what, method: "GET", path, query, body: undefined, contentType: JSON_TYPE };
}

/** Of discovery: APIResourceList, APIGroupList. */
interface Discovered {
  resources?: { name: string }[];
  groups?: { name: string; versions?: { version: string }[] }[];
}

function listOf<T>(what: string, list: T[] | undefined): T[] {
  if (!Array.isArray(list)) throw notTheServers(what);
  return list;
}

function notTheServers(what: string): KubeError {
  return new KubeError(`${what}: the answer is not an API server's`, {
    status: 200,
    reason: "Unreadable",
    retryAfterMs: undefined,
  });
}

function nameOf({ metadata }: { metadata: { name: string; namespace?: string } }): ObjectName {
  return { namespace: metadata.namespace, name: metadata.name };
}

function typed(resource: Resource, object: object): object {
  return { ...object, apiVersion: apiVersionOf(resource), kind: resource.kind };
}

/** `list ingresses.networking.k8s.io in default`, as `kubectl` would name them. */
function said(
  verb: string,
  { plural, group }: Resource,
  { namespace, name }: { namespace?: string | undefined; name?: string },
): string {
  const kind = group === "" ? plural : `${plural}.${group}`;
  const where = [namespace, name].filter((part) => part !== undefined).join("/");
  return where === "" ? `${verb} ${kind}` : `${verb} ${kind} ${where}`;
}
