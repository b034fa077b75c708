import { jsonPatch } from "./json-patch.ts";
import { isObject, mergePatch } from "./merge-patch.ts";
import { badRequest, unsupported } from "./status.ts";
import { strategicMerge } from "./strategic-merge.ts";
import type { Stored } from "./store.ts";
import type { WriteRequest } from "./writes.ts";

const JSON_TYPE = "application/json-patch+json";
const MERGE_TYPE = "application/merge-patch+json";
const STRATEGIC_TYPE = "application/strategic-merge-patch+json";
export const APPLY_TYPE = "application/apply-patch+yaml";

/** What a patch makes of an object. */
export function patchOf({ contentType, body, kind }: WriteRequest): (before: Stored) => unknown {
  if (contentType === JSON_TYPE) return (before) => jsonPatch(before, body);
  const isMerge = contentType === MERGE_TYPE;
  if (!isMerge && (contentType !== STRATEGIC_TYPE || kind.custom)) {
    const known = [JSON_TYPE, MERGE_TYPE, APPLY_TYPE];
    throw unsupported(kind.custom ? known : [...known, STRATEGIC_TYPE]);
  }
  if (!isObject(body)) throw badRequest("a merge patch is an object");
  return (before) => (isMerge ? mergePatch(before, body) : strategicMerge(before, body));
}

/**
 * What an applier says of an object, in place of the fields that it names: `spec` whole, and of metadata each label
 * and annotation. A server would merge lists by their keys and take away what the applier said before.
 */
export function appliedOver(before: Stored, applied: Stored): unknown {
  const { labels, annotations } = before.metadata;
  const metadata = {
    ...before.metadata,
    ...applied.metadata,
    labels: { ...labels, ...applied.metadata.labels },
    annotations: { ...annotations, ...applied.metadata.annotations },
  };
  if (labels === undefined && applied.metadata.labels === undefined) {
    delete (metadata as Partial<typeof metadata>).labels;
  }
  if (annotations === undefined && applied.metadata.annotations === undefined) {
    delete (metadata as Partial<typeof metadata>).annotations;
  }
  return { ...before, ...applied, metadata };
}
