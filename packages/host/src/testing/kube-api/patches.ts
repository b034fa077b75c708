import { isObject, mergePatch } from "./merge-patch.ts";
import { badRequest, unsupported } from "./status.ts";
import type { Stored } from "./store.ts";
import type { WriteRequest } from "./writes.ts";

/** What a patch makes of an object. */
export function patchOf({ contentType, body }: WriteRequest): (before: Stored) => unknown {
  if (contentType === "application/merge-patch+json") {
    if (!isObject(body)) throw badRequest("a merge patch is an object");
    return (before) => mergePatch(before, body);
  }
  throw unsupported(["application/merge-patch+json"]);
}
