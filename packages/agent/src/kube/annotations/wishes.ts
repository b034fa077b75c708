import type { BackendProtocol, Filters, Policy } from "@warren/wire";
import type { InferOutput } from "valibot";
import type { ReachMode } from "../cluster-view.ts";

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What an object's annotations ask for; what they leave out keeps its default. */
export interface Wishes {
  /** False leaves the object out; true publishes it also from a namespace of the system's. */
  publish: boolean | undefined;
  /** For rules without a host. */
  hosts: readonly string[] | undefined;
  /** Namespaces that are let in at the object's hosts; `*`: all. */
  shareHost: readonly string[] | undefined;
  mode: ReachMode | undefined;
  /** How the Service is spoken to. */
  protocol: InferOutput<typeof BackendProtocol> | undefined;
  rewrite: NonNullable<Filters["rewrite"]>["path"] | undefined;
  policy: Partial<Mutable<Policy>>;
}

/** Every annotation of the object, for those that only count with another one. */
export type Annotations = Readonly<Record<string, string>>;

/** Puts what `value` asks for into `wishes`; the text says what is wrong with it instead. */
export type Reader = (value: string, wishes: Wishes, all: Annotations) => string | undefined;

export function noWishes(): Wishes {
  return {
    publish: undefined,
    hosts: undefined,
    shareHost: undefined,
    mode: undefined,
    protocol: undefined,
    rewrite: undefined,
    policy: {},
  };
}
