import { isObject } from "./merge-patch.ts";
import type { Kind } from "./kinds.ts";
import type { Stored } from "./store.ts";

/** What a server adds to kinds that Warren reads: fields whose absence nobody ever sees. */
export function withDefaults(kind: Kind, object: Stored, before: Stored | undefined): Stored {
  if (kind.kind === "Service") return { ...object, spec: serviceSpec(object, before) };
  if (kind.kind === "Secret") return secret(object);
  return object;
}

let given = 0;

function serviceSpec({ spec }: Stored, before: Stored | undefined): object {
  const said = isObject(spec) ? spec : {};
  const ports = Array.isArray(said["ports"]) ? said["ports"].filter(isObject) : [];
  const isExternal = said["type"] === "ExternalName";
  const was = isObject(before?.["spec"]) ? before["spec"]["clusterIP"] : undefined;
  const address = said["clusterIP"] ?? was ?? `10.96.${(given += 1) >> 8}.${given & 255}`;
  return {
    type: "ClusterIP",
    sessionAffinity: "None",
    ...(isExternal ? {} : { clusterIP: address, clusterIPs: [address] }),
    ...said,
    ...(ports.length === 0
      ? {}
      : { ports: ports.map((port) => ({ protocol: "TCP", targetPort: port["port"], ...port })) }),
  };
}

/** `stringData` is written and never read (core/v1 Secret). */
function secret(object: Stored): Stored {
  const { stringData, ...rest } = object;
  if (!isObject(stringData)) return { type: "Opaque", ...rest };
  const encoded = Object.entries(stringData).map(([key, text]) => [
    key,
    Buffer.from(String(text)).toString("base64"),
  ]);
  const data = isObject(rest["data"]) ? rest["data"] : {};
  return { type: "Opaque", ...rest, data: { ...data, ...Object.fromEntries(encoded) } };
}
