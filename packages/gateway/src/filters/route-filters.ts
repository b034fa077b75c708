import { requestHeadText, type RequestHead } from "@warren/http";
import type { Redirect, Rewrite, Route } from "@warren/wire";
import { FieldChanges, withoutLines } from "./field-changes.ts";
import { PathRule } from "./path-rule.ts";

const HOST: ReadonlySet<string> = new Set(["host"]);

/** A route's filters made ready for requests, once for all of them. */
export class RouteFilters {
  readonly response: FieldChanges | undefined;
  readonly redirect: RedirectRule | undefined;
  readonly #request: FieldChanges | undefined;
  readonly #host: string | undefined;
  readonly #path: PathRule | undefined;

  private constructor({ path }: Route, filters: NonNullable<Route["filters"]>) {
    const { redirect, rewrite } = filters;
    this.response = FieldChanges.of(filters.response_headers);
    this.redirect = redirect && new RedirectRule(redirect, path);
    this.#request = FieldChanges.of(filters.request_headers);
    this.#host = rewrite?.host;
    this.#path = ruleOf(rewrite, path);
  }

  /** Undefined for a route without any. */
  static of(route: Route): RouteFilters | undefined {
    return route.filters && new RouteFilters(route, route.filters);
  }

  /** The head for the service; `lines` are what it would hold without filters. */
  requestHead(head: RequestHead, lines: string): string {
    const changed = this.#request?.lines(lines) ?? lines;
    const hosted =
      this.#host === undefined ? changed : `host: ${this.#host}\r\n${withoutLines(changed, HOST)}`;
    if (this.#path === undefined) return requestHeadText(head, hosted);
    const { method, framing, contentLength, upgrade } = head;
    const target = this.#path.apply(head.target);
    return requestHeadText({ method, target, framing, contentLength, upgrade }, hosted);
  }
}

/** Where a redirect leads (Gateway API, HTTPRequestRedirectFilter). */
export class RedirectRule {
  readonly status: number;
  readonly #said: Redirect;
  readonly #path: PathRule | undefined;

  constructor(said: Redirect, routePath: string) {
    this.status = said.status;
    this.#said = said;
    this.#path = ruleOf(said, routePath);
  }

  /** `secure`: the client came over TLS, to us or to a proxy of ours. */
  location({ host, port, target }: RequestHead, secure: boolean): string {
    const scheme = this.#said.scheme ?? (secure ? "https" : "http");
    const own = scheme === "https" ? 443 : 80;
    // A scheme of its own has its own port; the client's is as it wrote it, whatever we listen on.
    const same = this.#said.scheme === undefined && port !== -1 ? port : own;
    const to = this.#said.port ?? same;
    const authority = (this.#said.host ?? host) + (to === own ? "" : `:${to}`);
    const path = this.#path?.apply(target) ?? (target === "*" ? "/" : target);
    return `${scheme}://${authority}${path}`;
  }
}

function ruleOf(said: Redirect | Rewrite | undefined, routePath: string): PathRule | undefined {
  return said?.path && new PathRule(said.path, routePath);
}
