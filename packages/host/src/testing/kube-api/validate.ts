import type { Kind } from "./kinds.ts";
import { invalid, type Cause } from "./status.ts";
import type { Stored } from "./store.ts";

/** RFC 1123, as apimachinery's `validation` has it. */
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
/** RFC 1035, which Services are named by. */
const SERVICE = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
/** Roles and what binds them may be called anything that is one part of a path. */
const PATH_PART = /^(?!\.{1,2}$)[^/%]+$/;
const QUALIFIED =
  /^([a-z0-9]([-a-z0-9.]*[a-z0-9])?\/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;
const LABEL_VALUE = /^([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

function nameForm({ kind }: Kind): [RegExp, most: number, what: string] {
  if (kind === "Namespace") return [LABEL, 63, "a lowercase RFC 1123 label"];
  if (kind === "Service") return [SERVICE, 63, "a DNS-1035 label"];
  if (/^(Cluster)?Role(Binding)?$/.test(kind)) return [PATH_PART, 253, "one part of a path"];
  return [SUBDOMAIN, 253, "a lowercase RFC 1123 subdomain"];
}

/** Throws the 422 of a server, for what every kind has and what those kinds have that Warren writes. */
export function checkObject(kind: Kind, object: Stored, before: Stored | undefined): void {
  const causes = [...metadataCauses(kind, object), ...(CHECKS[kind.kind]?.(object, before) ?? [])];
  if (causes.length === 0) return;
  const what = kind.group === "" ? kind.kind : `${kind.kind}.${kind.group}`;
  throw invalid(what, object.metadata.name, causes);
}

function metadataCauses(kind: Kind, { metadata }: Stored): Cause[] {
  const { name, labels = {}, annotations = {} } = metadata;
  const [form, most, what] = nameForm(kind);
  const causes: Cause[] = [];
  if (name === "") {
    causes.push({
      field: "metadata.name",
      message: "Required value: name or generateName is required",
    });
  } else if (!form.test(name) || name.length > most) {
    causes.push({
      field: "metadata.name",
      message: `Invalid value: "${name}": ${what} is required`,
    });
  }
  for (const [key, value] of Object.entries(labels)) {
    if (QUALIFIED.test(key) && LABEL_VALUE.test(value)) continue;
    causes.push({ field: "metadata.labels", message: `Invalid value: "${key}": "${value}"` });
  }
  for (const [key, value] of Object.entries(annotations)) {
    if (QUALIFIED.test(key.toLowerCase()) && typeof value === "string") continue;
    causes.push({ field: "metadata.annotations", message: `Invalid value: "${key}"` });
  }
  return causes;
}

type Check = (object: Stored, before: Stored | undefined) => Cause[];

/** Six digits of the second, always: Go's `metav1.MicroTime` takes no other form. */
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

const CHECKS: Readonly<Record<string, Check>> = {
  Lease: ({ spec }) => {
    const said = (spec ?? {}) as Record<string, unknown>;
    const { leaseDurationSeconds, leaseTransitions } = said;
    const causes: Cause[] = [];
    const add = (field: string, message: string) =>
      causes.push({ field: `spec.${field}`, message });
    if (typeof leaseDurationSeconds === "number" && leaseDurationSeconds <= 0) {
      add("leaseDurationSeconds", "Invalid value: must be greater than 0");
    }
    if (typeof leaseTransitions === "number" && leaseTransitions < 0) {
      add("leaseTransitions", "Invalid value: must be greater than or equal to 0");
    }
    for (const field of ["acquireTime", "renewTime"]) {
      const time = said[field];
      if (time === undefined || time === null) continue;
      if (typeof time !== "string" || !MICRO_TIME.test(time))
        add(field, "Invalid value: not a MicroTime");
    }
    return causes;
  },
  Ingress: ({ spec }) => {
    const rules = ((spec ?? {}) as { rules?: { http?: { paths?: unknown[] } }[] }).rules ?? [];
    return rules.flatMap(({ http }, i) =>
      (http?.paths ?? []).flatMap((path, j) => {
        const at = `spec.rules[${i}].http.paths[${j}]`;
        return (path as { pathType?: string }).pathType === undefined
          ? [{ field: `${at}.pathType`, message: "Required value: pathType must be specified" }]
          : [];
      }),
    );
  },
};
