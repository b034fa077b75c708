import { microTime } from "./lease-record.ts";
import type { Draft, ObjectReference } from "./object.ts";
import type { KubeEvent } from "./resources.ts";

export interface Said {
  object: ObjectReference;
  type: "Normal" | "Warning";
  reason: string;
  message: string;
}

export interface Saying {
  controller: string;
  instance: string;
  uniqueId: () => string;
  /** Epoch milliseconds. */
  now: number;
}

/** Of `note`, and of what is an identifier (k8s.io/kubernetes, `pkg/apis/core/validation/events.go`). */
const MOST_NOTE_BYTES = 1_024;
const MOST_WORD = 128;
/** An Event's name is a subdomain (RFC 1123): 253 characters. */
const MOST_NAME = 253;
/** Where Events of what has no namespace are kept, by the rules of validation. */
const CLUSTER_EVENTS = "default";
/** What an Event's `action` says where one word is meant for all: the controller looked at the object. */
const ACTION = "Reconcile";

export function eventNamespace({ object }: Said): string {
  return object.namespace ?? CLUSTER_EVENTS;
}

/** Says which object it is about: another of its name is another. */
export function objectOf({ object }: Said): string {
  const { apiVersion, kind, namespace = "", name, uid = "" } = object;
  return [apiVersion, kind, namespace, name, uid].join("\n");
}

/** An Event that the API server takes, whatever the object is called. */
export function eventDraft(said: Said, saying: Saying): Draft<KubeEvent> {
  const { object, type, reason, message } = said;
  const { apiVersion, kind, namespace, name, uid } = object;
  const where = namespace === undefined ? {} : { namespace };
  return {
    metadata: { name: eventName(name, saying.uniqueId()), namespace: eventNamespace(said) },
    eventTime: microTime(saying.now),
    reportingController: saying.controller,
    reportingInstance: saying.instance.slice(0, MOST_WORD),
    action: ACTION,
    reason: reason.slice(0, MOST_WORD),
    type,
    note: cutOff(message, MOST_NOTE_BYTES),
    regarding: { apiVersion, kind, ...where, name, ...(uid === undefined ? {} : { uid }) },
  };
}

/** The server takes a series of two and more. */
export function seriesPatch(count: number, now: number): object {
  return { series: { count: Math.max(2, count), lastObservedTime: microTime(now) } };
}

function eventName(name: string, id: string): string {
  const end = `.${id}`;
  const start = name
    .toLowerCase()
    .replace(/[^a-z0-9.-]/g, "-")
    .slice(0, MOST_NAME - end.length)
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, "")
    // Each part between dots begins and ends with a letter or a digit.
    .replace(/[-.]*\.[-.]*/g, ".");
  return start === "" ? `event${end}` : start + end;
}

/** At most so many bytes of UTF-8, and no half character. */
function cutOff(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  const whole = bytes.subarray(0, most - 3).toString("utf8");
  return `${whole.replace(/\uFFFD+$/, "")}…`;
}
