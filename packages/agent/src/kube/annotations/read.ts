import { nearest } from "@warren/host";
import type { Problem } from "../cluster-view.ts";
import { meaningOf, type Meaning } from "./foreign.ts";
import { isForWarren, WARREN_ANNOTATIONS, WARREN_PREFIX } from "./warren.ts";
import { isKnownAnnotation, knownOf } from "./known.ts";
import { onceFor } from "../../once-for.ts";
import { WELL_KNOWN } from "./well-known.ts";
import { noWishes, type Annotations, type Wishes } from "./wishes.ts";

const ALLOW = `${WARREN_PREFIX}allow`;
const PUBLISH = `${WARREN_PREFIX}publish`;

/** Who answers what Warren passes on: the Service itself, or the controller of another class. */
export type Answerer = "service" | "controller";

export interface AnnotationsRead {
  readonly wishes: Wishes;
  /** What was not understood and is left out, for an Event each. */
  readonly problems: readonly Problem[];
  /** Why nothing of the object may be published; undefined when it may. */
  readonly refusal: Problem | undefined;
}

/** The API takes 18,000 of one object, and each that is read costs every agent something. */
export const MOST_ANNOTATIONS = 256;

const READ: Readonly<Record<Answerer, (all: Annotations) => AnnotationsRead>> = {
  service: onceFor((all: Annotations) => read(all, "service")),
  controller: onceFor((all: Annotations) => read(all, "controller")),
};

/**
 * Reads an object's annotations. What restricts access and is not implemented here refuses the object
 * where its Service is to be dialled. Its controller sees the agent's address for everybody: lists of
 * addresses are enforced at the gateway also in front of it, and what may judge by addresses in words
 * that are not read here refuses the object, unless it says that it is meant (decisions/0370).
 * They are read once for each object of annotations that a cache has, which nobody changes.
 */
export function readAnnotations(all: Annotations, answerer: Answerer): AnnotationsRead {
  return READ[answerer](all);
}

function read(all: Annotations, answerer: Answerer): AnnotationsRead {
  const reading = new AnnotationReading(all, answerer);
  const names = Object.keys(all);
  if (names.length > MOST_ANNOTATIONS) return reading.few();
  names.sort();
  // Warren's own have the last word, and are read last.
  for (const name of names) if (!isForWarren(name)) reading.foreign(name);
  for (const name of names) if (isForWarren(name)) reading.own(name);
  reading.refuseUnknown();
  return reading;
}

class AnnotationReading implements AnnotationsRead {
  readonly wishes = noWishes();
  readonly problems: Problem[] = [];
  refusal: Problem | undefined;
  readonly #unknown: string[] = [];
  readonly #all: Annotations;
  readonly #answerer: Answerer;

  constructor(all: Annotations, answerer: Answerer) {
    this.#all = all;
    this.#answerer = answerer;
  }

  /** A rule among those that are not read could keep somebody out: what is read says where that is shut. */
  few(): this {
    this.#refuse(
      "TooManyAnnotations",
      `it has more than ${MOST_ANNOTATIONS} annotations, which are not all read: nothing is published`,
    );
    for (const name of knownOf(this.#all)) if (isForWarren(name)) this.own(name);
    return this;
  }

  own(name: string): void {
    const known = isKnownAnnotation(name)
      ? WARREN_ANNOTATIONS[name.slice(WARREN_PREFIX.length)]
      : undefined;
    // A misspelt one would open what it was to close.
    if (known === undefined) return void this.#unknown.push(name);
    if (known.service && this.#answerer === "controller")
      return this.#mention(name, "is left to the Ingress's controller, which is what is dialled");
    this.#read(name, known);
  }

  /** All of them: whoever mends one would meet the next. */
  refuseUnknown(): void {
    if (this.#unknown.length === 0) return;
    const some = this.#unknown.slice(0, MOST_NAMED).map((name) => `${name}${suggestion(name)}`);
    const more = this.#unknown.length - some.length;
    const all = `${some.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
    this.refusal = { reason: "UnknownAnnotation", message: `there is no annotation ${all}` };
  }

  foreign(name: string): void {
    const known = Object.hasOwn(WELL_KNOWN, name) ? WELL_KNOWN[name] : undefined;
    if (known !== undefined) {
      if (this.#answerer === "controller" && !known.addresses) return;
      if (known.values.test(this.#all[name]!)) return this.#read(name, known);
      return this.#unread(name, "unknown");
    }
    this.#unread(name, meaningOf(name, this.#all[name]!));
  }

  #read(name: string, how: { access: boolean; read: (typeof WELL_KNOWN)[string]["read"] }): void {
    const wrong = how.read(this.#all[name]!, this.wishes, this.#all);
    if (wrong === undefined) return;
    const said = `annotation ${name}: ${wrong}`;
    if (how.access) this.#refuse("InvalidAnnotation", `${said}; nothing is published`);
    else this.problems.push({ reason: "InvalidAnnotation", message: `${said}; it is left out` });
  }

  #unread(name: string, meaning: Meaning): void {
    if (meaning === "harmless") return;
    if (this.#answerer === "controller") return this.#unseen(name, meaning);
    if (meaning === "unknown") return this.#mention(name, "is not implemented and left out");
    const why =
      meaning === "chooses" ? "changes where requests lead" : "restricts access or may do so";
    this.#refuse(
      "UnsupportedAnnotation",
      `annotation ${name} ${why} and is not implemented: the Service is not dialled past it`,
    );
  }

  /** The controller does what it says, but cannot see where a request comes from. */
  #unseen(name: string, meaning: Meaning): void {
    const controllers = "to the controller everybody has the agent's address";
    if (meaning === "addresses" && !Object.hasOwn(this.#all, ALLOW))
      this.#refuse(
        "UnsupportedAnnotation",
        `annotation ${name} restricts addresses, and ${controllers}: nothing is published until ${ALLOW} says who may come in`,
      );
    if (meaning === "restricts" && this.#all[PUBLISH]?.trim() !== "true")
      this.#refuse(
        "UnsupportedAnnotation",
        `annotation ${name} may let in by address, and ${controllers}: nothing is published until ${PUBLISH}: "true" says that it is meant`,
      );
  }

  #mention(name: string, what: string): void {
    this.problems.push({
      reason: "UnsupportedAnnotation",
      message: `annotation ${name} ${what}`,
    });
  }

  /** The first is said: the others are found when it is gone. */
  #refuse(reason: string, message: string): void {
    this.refusal ??= { reason, message };
  }
}

const MOST_NAMED = 5;

/** A slip of the finger, or a longer word for the same, such as `allow-list`. */
function suggestion(name: string): string {
  const word = name.slice(name.indexOf("/") + 1);
  const known = Object.keys(WARREN_ANNOTATIONS);
  const begins = known.find((one) => word.startsWith(`${one}-`));
  const meant = begins === undefined ? nearest(word, known) : ` (did you mean ${begins}?)`;
  return meant.replace("mean ", `mean ${WARREN_PREFIX}`);
}
