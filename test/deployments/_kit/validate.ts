/** Whether an API server would take an object, by its schema. */
import { Ajv, type ErrorObject, type ValidateFunction } from "ajv";
import addFormats from "ajv-formats";
import { BUILT_IN, closedDefinitions, closedResource } from "./closed.ts";
import { schemasOf, type Kind, type KubeVersion } from "./schemas.ts";

export interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** What validates each kind of a version is made when the first of them is looked at. */
interface Prepared {
  readonly ajv: Ajv;
  readonly kinds: Map<string, ValidateFunction>;
}

const versions = new Map<KubeVersion, Prepared>();

/**
 * What is wrong with an object for this version of Kubernetes, one line each; none where all is well. Fields that
 * nobody knows are wrong, as they are to `kubectl apply`, and so is a kind without a schema.
 */
export function validateManifest(object: Manifest, version: KubeVersion): string[] {
  const name = [object.apiVersion, object.kind].join("/");
  const kind = kindOf(object, version);
  const of = `${object.kind} ${object.metadata?.name ?? "?"}`;
  if (kind === undefined) return [`${of}: Kubernetes ${version} knows no ${name}`];
  const isValid = validator(version, name, kind);
  const wrong = isValid(object)
    ? []
    : (isValid.errors ?? []).map((error) => `${of}: ${told(error)}`);
  if (!kind.namespaced && object.metadata?.namespace !== undefined)
    wrong.push(`${of}: /metadata/namespace is for kinds that live in one`);
  return wrong;
}

/** What an API server knows of an object's kind; undefined for one that it does not serve. */
export function kindOf(object: Pick<Manifest, "apiVersion" | "kind">, version: KubeVersion) {
  return schemasOf(version).kinds[`${object.apiVersion}/${object.kind}`];
}

function validator(version: KubeVersion, name: string, kind: Kind): ValidateFunction {
  const prepared = versions.get(version) ?? prepare(version);
  versions.set(version, prepared);
  const known = prepared.kinds.get(name);
  if (known !== undefined) return known;
  const schema =
    kind.definition === undefined
      ? closedResource(kind.schema!)
      : { $ref: `${BUILT_IN}#/definitions/${kind.definition}` };
  const validate = prepared.ajv.compile(schema);
  prepared.kinds.set(name, validate);
  return validate;
}

function prepare(version: KubeVersion): Prepared {
  const ajv = new Ajv({
    strict: false,
    allErrors: true,
    logger: false,
    code: { regExp: goRegExp },
  });
  // The package is CommonJS, and its types say what its default export has as `default`.
  (addFormats as unknown as typeof addFormats.default)(ajv);
  ajv.addKeyword({
    keyword: "distinctBy",
    type: "array",
    validate: (keys: readonly string[], items: readonly object[]) =>
      new Set(items.map((item) => keyOf(item, keys))).size === items.length,
  });
  const definitions = closedDefinitions(schemasOf(version).definitions);
  // What several kinds refer to is then compiled once.
  ajv.addSchema({ definitions }, BUILT_IN);
  return { ajv, kinds: new Map() };
}

/** Patterns are Go's: where case does not count, it is said inside. */
function goRegExp(pattern: string): RegExp {
  return new RegExp(pattern.replace("(?i)", ""), pattern.includes("(?i)") ? "i" : "");
}
goRegExp.code = "goRegExp";

/** A port without a protocol is one of TCP: the only default among keys of lists. */
function keyOf(item: object, keys: readonly string[]): string {
  const fields = { protocol: "TCP", ...item } as Record<string, unknown>;
  return JSON.stringify(keys.map((key) => fields[key] ?? null));
}

function told({ instancePath, keyword, message, params }: ErrorObject): string {
  const at = instancePath || "/";
  if (keyword === "additionalProperties")
    return `${at} has no field "${params["additionalProperty"]}"`;
  if (keyword === "distinctBy") return `${at} has two with the same key`;
  if (keyword === "enum") return `${at} ${message}: ${params["allowedValues"].join(", ")}`;
  return `${at} ${message}`;
}
