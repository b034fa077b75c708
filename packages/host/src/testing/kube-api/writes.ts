import { keyOf } from "../../kube/object.ts";
import { withDefaults } from "./defaults.ts";
import { kindKey, type Kind } from "./kinds.ts";
import { isObject } from "./merge-patch.ts";
import { APPLY_TYPE, appliedOver, patchOf } from "./patches.ts";
import type { RequestInfo } from "./request-info.ts";
import { badRequest, conflict, invalid, notFound, Refusal } from "./status.ts";
import type { Store, Stored } from "./store.ts";
import { typeOf } from "./streams.ts";
import { checkObject } from "./validate.ts";

export interface Written {
  code: number;
  object: Stored;
}

export interface WriteRequest {
  info: RequestInfo;
  kind: Kind;
  contentType: string;
  body: unknown;
  query: URLSearchParams;
}

/** Everything that changes an object. */
export class Writes {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  create({ info, kind, body }: WriteRequest): Written {
    const said = bodyFor(kind, info, body);
    const { metadata } = said;
    metadata.name ||= generated(metadata.generateName);
    if ((metadata.resourceVersion ?? "") !== "") {
      // No refusal of the request's, but an error of the storage: so says a kube-apiserver 1.36.
      const why = "resourceVersion should not be set on objects to be created";
      throw new Refusal(500, "InternalError", why);
    }
    this.#checkNamespace(info);
    checkObject(kind, said, undefined);
    const object = withDefaults(kind, said, undefined);
    if (this.#store.get(kind, keyOf(object)) !== undefined)
      throw alreadyExists(kind, metadata.name);
    const { status, ...rest } = object;
    const made = kind.hasStatus ? { ...rest, status: {} } : { ...rest, status };
    if (made.status === undefined) delete made.status;
    return { code: 201, object: this.#store.create(kind, made) };
  }

  update(request: WriteRequest): Written {
    const { info, kind, body } = request;
    const before = this.#existing(request);
    return this.#replaced(request, before, bodyFor(kind, info, body));
  }

  patch(request: WriteRequest): Written {
    if (request.contentType === APPLY_TYPE) return this.#apply(request);
    const { kind, info } = request;
    const patched = patchOf(request);
    const before = this.#existing(request);
    return this.#replaced(request, before, bodyFor(kind, info, patched(before)));
  }

  /** Server-side apply, which here merges nothing: see `appliedOver`. */
  #apply(request: WriteRequest): Written {
    const { info, kind, query, body } = request;
    if ((query.get("fieldManager") ?? "") === "") {
      throw invalid("PatchOptions.meta.k8s.io", "", [
        { field: "fieldManager", message: "Required value: is required for apply patch" },
      ]);
    }
    const applied = bodyFor(kind, info, body);
    const key = keyOf(applied);
    const before = this.#store.get(kind, key);
    if (before !== undefined) {
      return this.#replaced(request, before, bodyFor(kind, info, appliedOver(before, applied)));
    }
    if (info.subresource !== undefined) throw notFound(kindKey(kind), applied.metadata.name);
    return this.create(request);
  }

  read(request: WriteRequest): Written {
    return { code: 200, object: this.#existing(request) };
  }

  delete(request: WriteRequest): Written {
    const { kind, body } = request;
    const before = this.#existing(request);
    const asked = isObject(body) ? body["preconditions"] : undefined;
    const preconditions = isObject(asked) ? asked : {};
    for (const field of ["uid", "resourceVersion"] as const) {
      const wanted = preconditions[field];
      if (wanted === undefined || wanted === before.metadata[field]) continue;
      const what = field === "uid" ? "UID" : "ResourceVersion";
      const why = `Precondition failed: ${what} in precondition: ${JSON.stringify(wanted)}, ${what} in object meta: ${before.metadata[field]}`;
      throw conflict(kindKey(kind), before.metadata.name, why);
    }
    return { code: 200, object: this.#store.remove(kind, before) };
  }

  #existing({ info, kind }: WriteRequest): Stored {
    const name = info.name ?? "";
    const key = info.namespace === undefined ? name : `${info.namespace}/${name}`;
    const before = this.#store.get(kind, key);
    if (before === undefined) throw notFound(kindKey(kind), name);
    return before;
  }

  #replaced({ info, kind }: WriteRequest, before: Stored, object: Stored): Written {
    const { resourceVersion = "", uid = "" } = object.metadata;
    const { name } = before.metadata;
    if (resourceVersion === "" && !kind.unconditional) {
      const message = "Invalid value: 0: must be specified for an update";
      throw invalid(`${kind.kind}.${kind.group}`, name, [
        { field: "metadata.resourceVersion", message },
      ]);
    }
    if (uid !== "" && uid !== before.metadata.uid) {
      const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${before.metadata.uid}`;
      throw conflict(kindKey(kind), name, why);
    }
    if (resourceVersion !== "" && resourceVersion !== before.metadata.resourceVersion) {
      const why =
        "the object has been modified; please apply your changes to the latest version and try again";
      throw conflict(kindKey(kind), name, why);
    }
    const after =
      info.subresource === "status"
        ? { ...before, status: object.status }
        : kind.hasStatus
          ? withStatus(object, before.status)
          : object;
    checkObject(kind, after, before);
    const whole = withDefaults(kind, after, before);
    return { code: 200, object: this.#store.update(kind, before, whole) };
  }

  #checkNamespace({ namespace }: RequestInfo): void {
    if (namespace === undefined) return;
    const known = this.#store.get(NAMESPACE, namespace);
    if (known === undefined) throw notFound("namespaces", namespace);
    if (known.metadata.deletionTimestamp === undefined) return;
    const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
    throw new Refusal(403, "Forbidden", why);
  }
}

const NAMESPACE = { group: "", plural: "namespaces" } as Kind;

function withStatus(object: Stored, status: unknown): Stored {
  const { status: _, ...rest } = object;
  return status === undefined ? rest : { ...rest, status };
}

function alreadyExists(kind: Kind, name: string): Refusal {
  const resource = kindKey(kind);
  const message = `${resource} "${name}" already exists`;
  return new Refusal(409, "AlreadyExists", message, { name, kind: resource });
}

const LETTERS = "bcdfghjklmnpqrstvwxz2456789";

function generated(prefix: string | undefined): string {
  if (prefix === undefined || prefix === "") return "";
  const letters = Array.from({ length: 5 }, () => LETTERS[Math.floor(Math.random() * 27)]);
  return prefix + letters.join("");
}

/** The object of a body, of the type, the namespace and the name that the path says. */
function bodyFor(kind: Kind, info: RequestInfo, body: unknown): Stored {
  if (!isObject(body)) throw badRequest("the object provided is unrecognized");
  const type = typeOf({ ...kind, version: info.version });
  checkType(kind, type, body);
  const metadata = isObject(body["metadata"]) ? { ...body["metadata"] } : {};
  const { namespace = "", name = "" } = metadata as { namespace?: string; name?: string };
  if (info.namespace !== undefined && namespace !== "" && namespace !== info.namespace) {
    throw badRequest(
      "the namespace of the provided object does not match the namespace sent on the request",
    );
  }
  if (info.name !== undefined && name !== info.name) {
    throw badRequest(
      `the name of the object (${name}) does not match the name on the URL (${info.name})`,
    );
  }
  if (kind.namespaced && info.namespace === undefined) {
    throw badRequest("an empty namespace may not be set during creation");
  }
  if (info.namespace === undefined) delete metadata["namespace"];
  else metadata["namespace"] = info.namespace;
  delete metadata["managedFields"];
  delete metadata["selfLink"];
  return { ...body, ...type, metadata } as unknown as Stored;
}

function checkType(
  { custom }: Kind,
  type: { apiVersion: string; kind: string },
  body: Record<string, unknown>,
): void {
  const { apiVersion = "", kind = "" } = body as { apiVersion?: string; kind?: string };
  if (custom && kind === "") throw badRequest("Object 'Kind' is missing in the request body");
  if (apiVersion !== "" && apiVersion !== type.apiVersion) {
    throw badRequest(
      `the API version in the data (${apiVersion}) does not match the expected API version (${type.apiVersion})`,
    );
  }
  if (kind !== "" && kind !== type.kind) {
    const said = `${apiVersion}, Kind=${kind}`;
    throw badRequest(
      `${said} in the body does not match the expected kind ${type.apiVersion}, Kind=${type.kind}`,
    );
  }
}
