import { isDeepStrictEqual } from "node:util";
import type { Kind } from "./kinds.ts";
import { badRequest, invalid, type Cause } from "./status.ts";
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
type Fields = Record<string, unknown>;

/** Six digits of the second, always: Go's `metav1.MicroTime` takes no other form. */
const MICRO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}(Z|[+-]\d\d:\d\d)$/;

/** What is no MicroTime cannot be read, which is no matter of validation. */
function checkTime(time: unknown): void {
  if (time === undefined || time === null) return;
  if (typeof time === "string" && MICRO_TIME.test(time)) return;
  throw badRequest(`parsing time ${JSON.stringify(time)} as "2006-01-02T15:04:05.000000Z07:00"`);
}

const required = (field: string): Cause => ({ field, message: "Required value" });
const bad = (field: string, why: string): Cause => ({ field, message: `Invalid value: ${why}` });

const CHECKS: Readonly<Record<string, Check>> = {
  Lease: ({ spec }) => {
    const { leaseDurationSeconds, leaseTransitions, acquireTime, renewTime } = (spec ??
      {}) as Fields;
    checkTime(acquireTime);
    checkTime(renewTime);
    const causes: Cause[] = [];
    if (typeof leaseDurationSeconds === "number" && leaseDurationSeconds <= 0) {
      causes.push(bad("spec.leaseDurationSeconds", "must be greater than 0"));
    }
    if (typeof leaseTransitions === "number" && leaseTransitions < 0) {
      causes.push(bad("spec.leaseTransitions", "must be greater than or equal to 0"));
    }
    return causes;
  },
  Ingress: ({ spec }) => {
    const rules = ((spec ?? {}) as { rules?: { http?: { paths?: Fields[] } }[] }).rules ?? [];
    return rules.flatMap(({ http }, i) =>
      (http?.paths ?? []).flatMap(({ pathType }, j) =>
        pathType === undefined ? [required(`spec.rules[${i}].http.paths[${j}].pathType`)] : [],
      ),
    );
  },
  Event: (object, before) =>
    object.apiVersion === "v1" ? [] : [...eventCauses(object), ...frozenCauses(object, before)],
};

/** k8s.io/kubernetes, `pkg/apis/core/validation/events.go`. */
function eventCauses(event: Stored): Cause[] {
  const said: Fields = event;
  const causes: Cause[] = [];
  checkTime(said["eventTime"]);
  if (said["eventTime"] === undefined || said["eventTime"] === null) {
    causes.push(required("eventTime"));
  }
  for (const field of ["reportingController", "reportingInstance", "action", "reason"]) {
    const text = said[field];
    if (typeof text !== "string" || text === "") causes.push(required(field));
    else if (text.length > 128) causes.push(bad(field, "can have at most 128 characters"));
  }
  const { note = "" } = said as { note?: string };
  if (Buffer.byteLength(note) > 1_024) {
    causes.push(bad("message", "can have at most 1024 bytes"));
  }
  if (said["type"] !== "Normal" && said["type"] !== "Warning") causes.push(bad("type", "unknown"));
  const series = said["series"] as { count?: number; lastObservedTime?: unknown } | undefined;
  if (series !== undefined) {
    checkTime(series.lastObservedTime);
    if ((series.count ?? 0) < 2) causes.push(bad("series.count", "should be at least 2"));
  }
  const { namespace = "" } = (said["regarding"] ?? {}) as { namespace?: string };
  const own = event.metadata.namespace ?? "";
  const isHome = namespace === "" ? ["default", "kube-system"].includes(own) : namespace === own;
  return isHome ? causes : [...causes, bad("involvedObject.namespace", "does not match")];
}

/** Of an Event nothing changes but its series. */
function frozenCauses(event: Stored, before: Stored | undefined): Cause[] {
  if (before === undefined) return [];
  const fields = [
    "regarding",
    "reason",
    "note",
    "type",
    "action",
    "eventTime",
    "reportingInstance",
  ];
  return fields
    .filter((field) => !isDeepStrictEqual(event[field], before[field]))
    .map((field) => bad(field, "field is immutable"));
}
