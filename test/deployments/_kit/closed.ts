/**
 * Kubernetes' dialect of OpenAPI as JSON Schema that refuses what an API server refuses under
 * `fieldValidation=Strict`, as kubectl asks for: fields that nobody knows, and two of a list that have one key.
 * Rules in CEL (`x-kubernetes-validations`) are not run.
 *
 * https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
 */
export interface JsonSchema {
  readonly [word: string]: unknown;
}

/** What the definitions are called, for schemas beside them. */
export const BUILT_IN = "built-in";
/** Checked as they are: they say nothing of which fields there are. */
const KEPT = (
  "enum pattern minimum maximum minLength maxLength minItems maxItems minProperties maxProperties " +
  "uniqueItems multipleOf required format anyOf allOf oneOf not"
).split(" ");
/** As the server reads them: a number will do too. */
const QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity";
const NUMBER = String.raw`^[+-]?(\d+|\d+\.\d*|\.\d+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?\d+)?$`;
const METADATA = {
  $ref: `${BUILT_IN}#/definitions/io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta`,
};

/** Every built-in definition; an object that names no fields (a raw extension) may have any. */
export function closedDefinitions(definitions: Readonly<Record<string, JsonSchema>>): JsonSchema {
  const closed = Object.entries(definitions).map(([name, schema]) => [name, close(schema, false)]);
  const quantity = { type: ["string", "number"], pattern: NUMBER };
  return { ...(Object.fromEntries(closed) as JsonSchema), [QUANTITY]: quantity };
}

/** The schema of a custom resource, which says nothing of `metadata` itself. */
export function closedResource(schema: JsonSchema): JsonSchema {
  return close({ ...schema, "x-kubernetes-embedded-resource": true }, true);
}

function close(schema: JsonSchema, isCustom: boolean): JsonSchema {
  if (typeof schema["$ref"] === "string") return { $ref: schema["$ref"] };
  const kept = Object.fromEntries(
    KEPT.filter((word) => word in schema).map((word) => [word, schema[word]]),
  );
  return {
    ...kept,
    ...typeOf(schema),
    ...bounds(schema),
    ...fieldsOf(schema, isCustom),
    ...itemsOf(schema, isCustom),
  };
}

function typeOf(schema: JsonSchema): JsonSchema {
  const { type, format, nullable } = schema;
  const isEither = schema["x-kubernetes-int-or-string"] === true || format === "int-or-string";
  const types = isEither ? ["integer", "string"] : type === undefined ? [] : [type];
  if (types.length === 0) return {};
  return { type: nullable === true ? [...types, "null"] : types };
}

/** OpenAPI 3.0 has them as switches beside the bound. */
function bounds({ exclusiveMinimum, exclusiveMaximum, minimum, maximum }: JsonSchema): JsonSchema {
  return {
    ...(exclusiveMinimum === true && { exclusiveMinimum: minimum }),
    ...(exclusiveMaximum === true && { exclusiveMaximum: maximum }),
  };
}

function fieldsOf(schema: JsonSchema, isCustom: boolean): JsonSchema {
  const named = Object.entries((schema["properties"] ?? {}) as Record<string, JsonSchema>);
  const properties: Record<string, JsonSchema> = Object.fromEntries(
    named.map(([name, one]) => [name, close(one, isCustom)]),
  );
  if (schema["x-kubernetes-embedded-resource"] === true)
    Object.assign(properties, {
      apiVersion: { type: "string" },
      kind: { type: "string" },
      metadata: METADATA,
    });
  return { properties, ...othersOf(schema, isCustom) };
}

function othersOf(schema: JsonSchema, isCustom: boolean): JsonSchema {
  const others = schema["additionalProperties"];
  if (typeof others === "object" && others !== null)
    return { additionalProperties: close(others as JsonSchema, isCustom) };
  const isOpen = others === true || schema["x-kubernetes-preserve-unknown-fields"] === true;
  const isNamed = schema["properties"] !== undefined;
  const isEmptied = isCustom && schema["type"] === "object";
  return isOpen || !(isNamed || isEmptied) ? {} : { additionalProperties: false };
}

function itemsOf(schema: JsonSchema, isCustom: boolean): JsonSchema {
  const items = schema["items"] as JsonSchema | undefined;
  const keys = schema["x-kubernetes-list-map-keys"];
  return {
    ...(items !== undefined && { items: close(items, isCustom) }),
    ...(schema["x-kubernetes-list-type"] === "set" && { uniqueItems: true }),
    ...(Array.isArray(keys) && { distinctBy: keys }),
  };
}
