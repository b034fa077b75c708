import type { Clock } from "../../clock.ts";
import type { KubeAccess } from "../../kube/access.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Draft, KubeObject, ObjectName, Resource } from "../../kube/object.ts";
import type { Answered, ApiServer, Intercept } from "./api-server.ts";
import type { PolicyRule } from "./rbac.ts";

/** An object that says what it is, as a manifest does. */
export type Manifest = Draft<KubeObject> & { apiVersion: string; kind: string };

export interface KubeApiOptions {
  /** For the ends of streams. */
  clock?: Clock;
  /** Epoch milliseconds, for what objects say of their ages. */
  wallClock?: () => number;
  /** PEM; absent: plain HTTP. `ca`: client certificates must be of it. */
  tls?: { cert: string; key: string; ca?: string };
  host?: string;
  /** One more who may ask, with a token of its own, and may do just this. */
  tester?: { token: string; rules: readonly PolicyRule[] };
}

/** Which requests: each field that is there must be the same. */
export interface Wanted {
  verb?: string;
  /** `ingresses`, `ingresses/status`. */
  resource?: string;
  namespace?: string;
  name?: string;
}

/**
 * A Kubernetes API server for tests, over HTTP: lists with pages, watches with bookmarks, compare-and-set, status
 * subresources, generations, RBAC, discovery, and the built-in kinds that Warren reads or brings. What it takes, a real
 * one takes: it refuses unknown resources and fields of metadata that are not valid, but it does not know the schemas of kinds.
 * It collects no garbage, runs no controller, and MERGES NOTHING under server-side apply: what an applier says replaces the
 * fields that it names, and a conflict is an answer that a test has recorded (`refuseApply`).
 */
export interface KubeApi extends AsyncDisposable {
  readonly url: string;
  readonly server: ApiServer;
  /** Every request that was answered, in order. */
  readonly requests: readonly Answered[];
  /** Resolves with the first one, old or new, that fits. */
  request(wanted: Wanted): Promise<Answered>;
  /** Resolves as soon as `seen` gives something; asked again after each answer and change of streams. */
  until<T>(seen: () => T | undefined | false): Promise<T>;
  /** A client of this server on the system's clock; whoever takes it disposes of it. */
  client(options?: { access?: KubeAccess; clock?: Clock; timeoutMs?: number }): KubeClient;

  /** Creates or replaces, whoever may do what; its namespace is made as well. The status counts, too. */
  put(object: Manifest): KubeObject;
  put<T extends KubeObject>(object: Draft<T>, resource: Resource<T>): T;
  /** False: it was not there. Finalizers are no obstacle. */
  remove(resource: Resource, name: ObjectName): boolean;
  get<T extends KubeObject>(resource: Resource<T>, name: ObjectName): T | undefined;
  all<T extends KubeObject>(resource: Resource<T>, namespace?: string): T[];

  /** Serves one more kind, as a CustomResourceDefinition would make it. */
  serve(resource: Resource): void;
  /** Removes its objects, ends its streams, and serves it no more. */
  withdraw(resource: Resource): void;

  /** Refuses with 403; what it returns allows it again. `*`: every verb. */
  forbid(verb: string, resource: Resource, namespace?: string): () => void;
  /** Refuses with 403 everything else; undefined: nothing. */
  allowOnly(rules: readonly PolicyRule[] | undefined): void;
  /** Refuses with 401 whoever does not bring this token. */
  requireToken(token: string): void;
  /** Answers the next `times` requests that fit with a refusal. */
  refuse(wanted: Wanted, refusal: RefusalSaid, times?: number): void;
  /** Answers the next server-side apply of such an object with a conflict, in the words of a server. */
  refuseApply(wanted: Wanted, said: { manager: string; fields: readonly string[] }): void;
  /** Sees requests before they are answered. */
  intercept(intercept: Intercept): () => void;

  /** How many watches are open. */
  readonly streams: number;
  /** Ends streams as a server does whose time is up. */
  endStreams(): void;
  /** Connections of streams are gone in the middle. */
  cutStreams(): void;
  /** Streams end in the middle of an object. */
  truncateStreams(): void;
  /** 410 in every stream, and its end. */
  expireStreams(): void;
  /** Streams say nothing, as behind a dead network; what it returns lets out what was held. */
  holdStreams(): () => void;
  /** Says something in every stream that is no event. */
  sayInStreams(text: string): void;
  /** A bookmark in every stream that wants them. */
  bookmark(): void;
  /** Lines of streams are written in pieces of so many bytes; 0: whole. */
  slow(pieceBytes: number): void;
  /** History up to now is forgotten: who goes on from before gets 410. */
  compact(): void;
  /** Refuses connections and cuts those that are there, until `restart` on the same port. */
  stop(): Promise<void>;
  restart(): Promise<void>;
}

export interface RefusalSaid {
  code: number;
  reason: string;
  message?: string;
  retryAfterSeconds?: number;
}
