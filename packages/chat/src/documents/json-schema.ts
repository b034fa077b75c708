import type * as v from "valibot";

/** JSON Schema 2020-12, as AsyncAPI 3 and OpenAPI 3.1 take it. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A schema or an action of valibot, as its documented properties say. */
interface Part {
  readonly kind: string;
  readonly type: string;
  readonly pipe?: readonly Part[];
  readonly wrapped?: Part;
  readonly default?: unknown;
  readonly entries?: Readonly<Record<string, Part>>;
  readonly options?: readonly unknown[];
  readonly literal?: unknown;
  readonly item?: Part;
  readonly value?: Part;
  readonly requirement?: unknown;
}

/**
 * What a peer must say so that the schema takes it. Throws for what this does not know: then it is to be
 * learned here, since a document that leaves something out would be wrong.
 */
export function jsonSchemaOf(schema: v.GenericSchema): JsonSchema {
  return schemaOf(schema);
}

function schemaOf(part: Part): JsonSchema {
  const [first, ...rest] = part.pipe ?? [part];
  // A schema at the end of a pipe is what is taken, after what comes before has made it so.
  const last = rest.findLast(({ kind }) => kind === "schema");
  if (last !== undefined) return schemaOf(last);
  return rest.reduce((schema, action) => bounded(schema, action), plainOf(first!));
}

function plainOf(part: Part): JsonSchema {
  switch (part.type) {
    case "string":
    case "number":
    case "boolean":
      return { type: part.type };
    case "unknown":
      return {};
    case "literal":
      return { const: part.literal };
    case "picklist":
      return { type: "string", enum: part.options };
    case "optional": {
      const schema = schemaOf(part.wrapped!);
      return part.default === undefined ? schema : { ...schema, default: part.default };
    }
    case "array":
      return { type: "array", items: schemaOf(part.item!) };
    case "record":
      return { type: "object", additionalProperties: schemaOf(part.value!) };
    case "union":
    case "variant":
      return { oneOf: (part.options as Part[]).map((option) => schemaOf(option)) };
    case "object":
    case "strict_object":
      return objectOf(part.entries!);
    default:
      throw new Error(`no JSON schema is known for ${part.type}`);
  }
}

/** Fields that nobody knows are ignored, in both directions: releases add some. */
function objectOf(entries: Readonly<Record<string, Part>>): JsonSchema {
  const all = Object.entries(entries);
  const required = all.filter(([, part]) => part.type !== "optional").map(([name]) => name);
  const properties = Object.fromEntries(all.map(([name, part]) => [name, schemaOf(part)]));
  return { type: "object", properties, ...(required.length > 0 && { required }) };
}

function bounded(schema: JsonSchema, { type, requirement }: Part): JsonSchema {
  switch (type) {
    case "integer":
      return { ...schema, type: "integer" };
    case "min_value":
      return { ...schema, minimum: requirement };
    case "max_value":
      return { ...schema, maximum: requirement };
    case "min_length":
      return { ...schema, [schema["type"] === "array" ? "minItems" : "minLength"]: requirement };
    case "max_length":
      return { ...schema, [schema["type"] === "array" ? "maxItems" : "maxLength"]: requirement };
    case "max_bytes":
      // A character is at least a byte: what is longer than this is too long in any case.
      return {
        ...schema,
        maxLength: requirement,
        description: `At most ${Number(requirement)} bytes.`,
      };
    case "max_entries":
      return { ...schema, maxProperties: requirement };
    case "iso_timestamp":
      return { ...schema, format: "date-time" };
    case "non_empty":
      return { ...schema, minLength: 1 };
    case "regex":
      return { ...schema, pattern: (requirement as RegExp).source };
    case "trim":
    case "transform":
      return schema;
    default:
      throw new Error(`no JSON schema is known for ${type}`);
  }
}
