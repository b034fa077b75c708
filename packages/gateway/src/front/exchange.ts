import { FirstValues, requestHeadText, type RequestHead } from "@warren/http";
import type { Stream, StreamOwner } from "@warren/tunnel";
import { KIND, WireError, type ErrorCode, type Kind, type Policy } from "@warren/wire";
import type { AnsweredRequest } from "../events.ts";
import { errorAnswer, type ErrorAnswer, type Refusal } from "../answers/error-answer.ts";
import type {
  ClientAddress,
  Errand,
  LimitRates,
  Matched,
  Opened,
  RouteAnswer,
  RouteEntry,
  RouteQuestion,
} from "../ports.ts";
import type { RouteFilters } from "../filters/route-filters.ts";
import type { Visitor } from "../access/basic-auth.ts";
import { moveOn } from "../tunnels/moved.ts";
import { RESERVED_PATH, type FrontContext } from "./front-context.ts";
import { challengeAnswer } from "./challenge-answer.ts";
import { fallbackAnswer, healthAnswer, httpsAnswer, redirectAnswer } from "./own-answers.ts";
import { joinedField, type Peer } from "./peer.ts";
import { forwardedLines, requestIdOf } from "./request-id.ts";
import { SentSoFar } from "./sent-so-far.ts";
import { stayingOf, type Staying } from "./staying.ts";

/** Whose request it is: a connection of HTTP/1.1, or a stream of HTTP/2. */
export interface ExchangeOwner extends StreamOwner {
  /** The stream is open: the body may follow. May come before `start` returns. */
  onOpened(): void;
  /** The gateway answers by itself; there is no stream. May come before `start` returns. */
  onOwnAnswer(answer: ErrorAnswer): void;
}

/** Refusals in a row that no wait came between end a request; the dispatcher ends it by the clock. */
const MOST_MOVES = 64;
/** They cost no credit once read, so that a client who reads none would have us keep them all. */
const MOST_INFORMATIONAL = 64;
const NO_RATES: LimitRates = { cluster: undefined, client: undefined, route: undefined };
const NOTHING_SENT = new SentSoFar();

/**
 * One request on its way from its head to a stream: route, access, limits, the head for the service,
 * an agent. Synchronous when all that is known; each step may wait.
 */
export class Exchange implements RouteQuestion, AnsweredRequest, Visitor {
  readonly head: RequestHead;
  readonly requestId: string;
  readonly startedAt: number;
  status = 0;
  code: ErrorCode | undefined;
  bytesIn = 0;
  bytesOut = 0;
  opened: Opened | undefined;
  /** Undefined until its route is known, and without affinity. */
  staying: Staying | undefined;
  /** The service has asked for the body that its client held back. */
  continued = false;
  /** The client's direction has been passed on whole. */
  ended: boolean;
  /** When something was last passed on: what the time to the answer's head counts from. */
  lastForwardedAt: number;
  readonly #context: FrontContext;
  readonly #peer: Peer;
  readonly #owner: ExchangeOwner;
  #matched: Matched | undefined;
  #client: ClientAddress | undefined;
  #errand: Errand | undefined;
  #sent: SentSoFar | undefined;
  /** It was counted before its password was checked. */
  #tried = false;
  #fields: FirstValues | undefined;
  #moves = 0;
  #informed = 0;
  #over = false;

  constructor(context: FrontContext, peer: Peer, owner: ExchangeOwner, head: RequestHead) {
    this.#context = context;
    this.#peer = peer;
    this.#owner = owner;
    this.head = head;
    this.ended = head.framing === "none";
    this.requestId = requestIdOf(head, context.deps.newRequestId);
    this.startedAt = this.lastForwardedAt = context.now();
    context.inFlight++;
  }

  get host(): string {
    return this.head.host;
  }
  get method(): string {
    return this.head.method;
  }
  get target(): string {
    return this.head.target;
  }
  get clusterUuid(): string {
    return this.opened?.clusterUuid ?? this.#matched?.entries[0]?.clusterUuid ?? "";
  }
  get stream(): Stream | undefined {
    return this.opened?.stream;
  }
  get peer(): Peer {
    return this.#peer;
  }
  get address(): string {
    return this.#client!.address;
  }
  get authorization(): string | undefined {
    return this.field("authorization");
  }
  get entry(): RouteEntry {
    return this.#matched!.entries[0]!;
  }
  get policy(): Policy | undefined {
    return this.#matched?.policy;
  }
  get filters(): RouteFilters | undefined {
    return this.#matched?.filters;
  }
  /** The client waits for a word of the service before it sends its body. */
  get awaitsContinue(): boolean {
    return this.head.expectContinue && !this.continued && this.bytesIn === 0;
  }
  /** The answer's head is overdue. */
  isLate(nowMs: number): boolean {
    const headMs = this.policy?.head_timeout_ms ?? this.#context.settings.headMs;
    return headMs > 0 && nowMs - this.lastForwardedAt >= headMs;
  }
  get secure(): boolean {
    return this.#peer.isSecure(this.head);
  }
  /** The request as a whole, its answer included, has had its time. */
  isOverdue(nowMs: number): boolean {
    const most = this.policy?.request_timeout_ms ?? 0;
    return most > 0 && nowMs - this.startedAt >= most;
  }
  field(name: string): string | undefined {
    return (this.#fields ??= new FirstValues(this.head.fields)).get(name);
  }

  everyField(name: string): string | undefined {
    return joinedField(this.head, name);
  }

  start(): void {
    // Connections of HTTP/1.1 have given these away before: no service ever sees one.
    if (this.head.target.startsWith(RESERVED_PATH))
      return this.refuse({ code: "no_route", message: "" });
    const told = challengeAnswer(this.#context.deps, this.head);
    if (told === undefined) return this.#lookUp();
    told
      .then((answer) => (answer === undefined ? this.#lookUp() : this.#answer(answer)))
      .catch((error) => this.#broke(error));
  }

  #lookUp(): void {
    if (this.#over) return;
    try {
      const answer = this.#context.deps.registry.lookup(this);
      if (answer instanceof Promise)
        answer.then((late) => this.#routed(late)).catch((error) => this.#broke(error));
      else this.#routed(answer);
    } catch (error) {
      this.#broke(error);
    }
  }

  /** Passes on a piece of the body. False when no more should come until `onWritable`. */
  forward(piece: Uint8Array, end: boolean): boolean {
    this.bytesIn += piece.length;
    this.lastForwardedAt = this.#context.now();
    if (end) this.ended = true;
    if (this.status === 0) (this.#sent ??= new SentSoFar()).remember(piece, this.bytesIn);
    return this.stream!.write(piece, end);
  }

  forwardEnd(trailers: Uint8Array | undefined): void {
    this.ended = true;
    this.lastForwardedAt = this.#context.now();
    if (trailers === undefined) return this.stream!.end();
    (this.#sent ??= new SentSoFar()).rememberTrailers(trailers);
    this.stream!.trailers(trailers);
  }

  /** The final head has come: from here on the request cannot be sent again. */
  answered(status: number): void {
    this.status = status;
    this.#sent = undefined;
  }

  /** One more informational answer; false when there were too many. */
  mayInform(): boolean {
    return ++this.#informed <= MOST_INFORMATIONAL;
  }

  /** Tries another agent after a stream was refused unread. False when it is time to give up. */
  move(): boolean {
    const known = this.bytesIn === 0 || this.#sent?.any === true;
    if (this.status !== 0 || !known || ++this.#moves > MOST_MOVES) return false;
    moveOn(this.#errand!, this.opened!, this.#context.now());
    this.opened = undefined;
    // Agents refuse also what has just been taken back: nobody is waited for then.
    this.#lookUp();
    return true;
  }

  /** Answers with an error, by way of the owner. */
  refuse(refusal: Refusal): void {
    this.code = refusal.code;
    const { method } = this.head;
    const answer = errorAnswer(refusal, {
      method,
      accept: this.field("accept"),
      requestId: this.requestId,
    });
    this.#answer(answer);
  }

  /** The client is gone, or nobody cares any more. */
  abandon(error: WireError): void {
    if (this.#over) return;
    if (this.status === 0) {
      this.status = error.http;
      this.code = error.code;
    }
    this.stream?.reset(error);
    this.finish();
  }

  /** The answer has been said in full. */
  finish(): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.inFlight--;
    const { deps } = this.#context;
    deps.events.requestAnswered(this, deps.clock.now() - this.startedAt);
  }

  #routed(answer: RouteAnswer): void {
    if (this.#over) return;
    if ("refused" in answer) return this.#unrouted(answer.refused, answer.message);
    // What it leads to may have changed since: then it is let in anew, or not.
    if (this.#errand?.matched === answer.found) return this.#open();
    const { certificates, access } = this.#context.deps;
    const { policy } = (this.#matched = answer.found);
    const redirect = this.#redirect(policy);
    if (redirect !== undefined) return this.#answer(redirect);
    const { host } = this.head;
    if (this.#peer.secure && certificates?.misdirected(host, this.#peer.serverName) === true)
      return this.refuse({ code: "misdirected", message: "" });
    this.#client = this.#peer.clientOf(this.head);
    const { allow, deny, basic_auth: lines } = policy;
    if (allow.length === 0 && deny === undefined && lines.length === 0) return this.#admitted();
    const verdict = access.check(policy, this);
    if (verdict instanceof Promise)
      verdict.then((late) => this.#judged(late)).catch((error) => this.#broke(error));
    else this.#judged(verdict);
  }

  #unrouted(code: ErrorCode, message: string): void {
    const { settings, deps } = this.#context;
    if (code === "not_enabled" && settings.fallback !== undefined)
      return this.#answer(fallbackAnswer(settings.fallback, this));
    const health = settings.healthPath !== "" && this.head.target === settings.healthPath;
    if (code !== "no_route" || !health) return this.refuse({ code, message });
    this.#answer(healthAnswer(deps.ready() && !this.#context.draining, this.head.method));
  }

  #redirect(policy: Policy): ErrorAnswer | undefined {
    if (policy.redirect_https === false || this.#peer.secure) return undefined;
    const { settings, deps } = this.#context;
    if (policy.redirect_https !== true) {
      if (!settings.redirect || settings.redirectPort === undefined) return undefined;
      // One's own machine: nothing to protect on the way, and no certificate that a browser knows.
      if (/(^|\.)localhost$/.test(this.head.host)) return undefined;
      if (deps.certificates?.choose(this.head.host) === undefined) return undefined;
    }
    if (this.#peer.isSecure(this.head)) return undefined;
    return httpsAnswer(this.head, settings.redirectPort ?? 443, this.requestId);
  }

  #judged(refusal: WireError | undefined): void {
    if (this.#over) return;
    if (refusal === undefined) this.#admitted();
    else this.refuse(refusal);
  }

  #admitted(): void {
    const most = this.#matched!.policy.max_body_bytes;
    if (most !== undefined && this.head.contentLength > most)
      return this.refuse({ code: "payload_too_large", message: "" });
    const before = this.#errand;
    const waitMs = before === undefined ? this.#limited(this.#matched!) : 0;
    if (waitMs > 0) return this.refuse({ code: "rate_limited", message: "", retryAfterMs: waitMs });
    const { filters } = this.#matched!;
    if (filters?.redirect !== undefined)
      return this.#answer(redirectAnswer(filters, this, this.#peer.isSecure(this.head)));
    this.#errand = this.#makeErrand(this.#matched!, this.#client!);
    if (before?.moved !== undefined) this.#errand.moved = before.moved;
    this.#open();
  }

  /** A password is checked: the client pays for it now, whatever comes of it. */
  countTry(): number {
    const { limits } = this.#context.deps;
    const { client } = this.#rates(this.#matched!);
    const waitMs = limits.take(this.#payers(this.#matched!), { ...NO_RATES, client });
    this.#tried = waitMs === 0;
    return waitMs;
  }

  /** Charged before the fleet chooses: to the cluster that has published the route longest. */
  #limited(matched: Matched): number {
    const { limits } = this.#context.deps;
    const rates = this.#rates(matched);
    if (this.#tried) rates.client = undefined;
    return limits.take(this.#payers(matched), rates);
  }

  #payers({ entries }: Matched) {
    const { clusterUuid, key } = entries[0]!;
    return { clusterUuid, routeKey: key, address: this.#client!.address };
  }

  #rates({ entries, policy }: Matched): LimitRates {
    const token = this.#context.deps.tokenRates(entries[0]!.clusterUuid);
    return {
      cluster: token.cluster,
      client: policy.client_rate ?? token.client,
      route: policy.rate,
    };
  }

  #makeErrand(matched: Matched, client: ClientAddress): Errand {
    const { head } = this;
    const { policy, filters } = matched;
    const staying = this.#staying(policy, client);
    const lines = forwardedLines(this, policy) + (staying?.line ?? "");
    const kind: Kind = head.upgrade === "" ? KIND.http : KIND.upgrade;
    return {
      kind,
      matched,
      client,
      asked: this,
      sticky: staying?.sticky,
      staying: staying?.key,
      head: filters?.requestHead(head, lines) ?? requestHeadText(head, lines),
      // What follows an upgrade is not known to be nothing.
      ended: head.framing === "none" && kind === KIND.http,
      owner: this.#owner,
    };
  }

  #staying(policy: Policy, { address }: ClientAddress): Staying | undefined {
    if (policy.affinity === "none") return (this.staying = undefined);
    const { head, staying: before } = this;
    const makeName = this.#context.deps.newRequestId;
    return (this.staying = stayingOf(policy, { head, address, before, makeName }));
  }

  #open(): void {
    try {
      const opened = this.#context.deps.dispatch.open(this.#errand!);
      if (opened instanceof Promise)
        opened.then((late) => this.#joinedLate(late)).catch((error) => this.#broke(error));
      else this.#joined(opened);
    } catch (error) {
      this.#broke(error);
    }
  }

  #joinedLate(opened: Opened): void {
    if (this.#over) return opened.stream.reset(new WireError("cancelled", "the client went away"));
    this.lastForwardedAt = this.#context.now();
    this.#joined(opened);
  }

  #joined(opened: Opened): void {
    this.opened = opened;
    const ended = this.head.framing !== "none" && this.ended;
    if (this.#moves > 0) (this.#sent ?? NOTHING_SENT).again(opened.stream, ended);
    this.#owner.onOpened();
  }

  #broke(reason: unknown): void {
    if (this.#over) return;
    if (!(reason instanceof WireError)) this.#context.deps.events.broke("request", reason);
    this.refuse(WireError.from(reason));
  }

  #answer(answer: ErrorAnswer): void {
    this.answered(answer.status);
    this.#owner.onOwnAnswer(answer);
  }
}
