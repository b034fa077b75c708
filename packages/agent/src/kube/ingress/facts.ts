import { CODES, type ErrorCode } from "@warren/wire";
import type { Verdict } from "../../verdicts.ts";
import type { Problem } from "../cluster-view.ts";
import type { IngressOutcome } from "./ingress-controller.ts";
import type { IngressReason } from "./reasons.ts";

/** What an Event says. */
export interface Fact extends Problem {
  readonly type: "Normal" | "Warning";
}

/** `pending`: a gateway has still to answer, or will answer otherwise when it can. */
export type IngressState = "pending" | "published" | "refused";

export interface IngressFacts {
  readonly state: IngressState;
  readonly facts: readonly Fact[];
}

/** Where a route is published, and what gateways said of it. */
export interface JudgedRoute {
  readonly host: string;
  readonly verdict: Verdict | undefined;
}

const REASONS: Partial<Record<ErrorCode, IngressReason>> = {
  host_taken: "HostTaken",
  host_not_allowed: "HostNotAllowed",
  quota_exceeded: "QuotaExceeded",
  endpoint_not_allowed: "EndpointNotAllowed",
  invalid_route: "InvalidRoute",
  not_implemented: "GatewayTooOld",
};
/** Of what stands for others that are not said. */
export const MORE: IngressReason = "MoreProblems";
/** Not for somebody to mend: they say where it is. */
const FRIENDLY = new Set(["DefaultHosts"]);
const MOST_HOSTS = 5;
/** Of one reason: an Ingress of a thousand paths whose Services are missing is not a thousand Events and log lines. */
const MOST_ALIKE = 5;
/** Warnings about one Ingress at once, whatever their reasons. */
const MOST_AT_ONCE = 5;

/** What there is to say of an Ingress, in words for who wrote it. */
export function factsOf(
  { problems }: Pick<IngressOutcome, "problems">,
  routes: readonly JudgedRoute[],
): IngressFacts {
  const facts: Fact[] = problems.map((problem) => ({
    type: FRIENDLY.has(problem.reason) ? "Normal" : "Warning",
    ...problem,
  }));
  const accepted: string[] = [];
  const refused = new Map<string, { code: ErrorCode; message: string; hosts: string[] }>();
  for (const { host, verdict } of routes) {
    if (verdict === undefined) continue;
    if ("accepted" in verdict) accepted.push(host);
    else {
      const { refused: code, message } = verdict;
      const one = refused.get(`${code} ${message}`) ?? { code, message, hosts: [] };
      one.hosts.push(host);
      refused.set(`${code} ${message}`, one);
    }
  }
  for (const one of refused.values()) facts.push(refusalFact(one));
  const isAnswered = routes.every(({ verdict }) => isLasting(verdict));
  if (isAnswered && accepted.length > 0 && refused.size === 0)
    facts.push({
      type: "Normal",
      reason: "Published",
      message: `published at ${listed(accepted)}`,
    });
  if (!isAnswered) return { state: "pending", facts };
  return { state: accepted.length > 0 ? "published" : "refused", facts };
}

/** Of its shut places, those that gateways refuse which let people in beside them. `host`: with the path. */
export function notShutFacts(places: readonly JudgedRoute[]): Fact[] {
  const refused = places.flatMap(({ host, verdict }) =>
    verdict === undefined || "accepted" in verdict
      ? []
      : [{ host, why: verdict.message === "" ? verdict.refused : verdict.message }],
  );
  return [...Map.groupBy(refused, ({ why }) => why)].map(([why, all]) => {
    const where = listed(all.map(({ host }) => host));
    const message = `${where}: open by another Ingress that leads to the same controller, a gateway does not shut it: ${why}`;
    return { type: "Warning" as const, reason: "NotShut" as const, message };
  });
}

/** The first of each reason, and how many more there are. */
export function someOf(problems: readonly Problem[]): Problem[] {
  return [...Map.groupBy(problems, ({ reason }) => reason)].flatMap(([reason, all]) => {
    const more = all.length - MOST_ALIKE;
    const rest = { reason, message: `and ${more} more like these` };
    return more > 0 ? [...all.slice(0, MOST_ALIKE), rest] : all;
  });
}

/** Of very many Warnings some, of each reason one first, and which reasons the others have. */
export function fewOf(facts: readonly Fact[]): Fact[] {
  const [normal, warnings] = [facts.filter(isNormal), facts.filter((one) => !isNormal(one))];
  if (warnings.length <= MOST_AT_ONCE + 1) return [...facts];
  const turns = [...Map.groupBy(warnings, ({ reason }) => reason).values()]
    .flatMap((alike) => alike.map((fact, turn) => ({ fact, turn })))
    .toSorted((one, other) => one.turn - other.turn)
    .map(({ fact }) => fact);
  const rest = turns.slice(MOST_AT_ONCE).map(({ reason }) => reason);
  const message = `there is more (${[...new Set(rest)].join(", ")}), which is said as these are mended`;
  const sum = { type: "Warning" as const, reason: MORE, message };
  return [...turns.slice(0, MOST_AT_ONCE), sum, ...normal];
}

function isNormal({ type }: Fact): boolean {
  return type === "Normal";
}

/** Neither "not yet" nor "not now", which a gateway says while its registry is away. */
function isLasting(verdict: Verdict | undefined): boolean {
  if (verdict === undefined) return false;
  return "accepted" in verdict || !CODES[verdict.refused].retry;
}

function refusalFact(refused: { code: ErrorCode; message: string; hosts: string[] }): Fact {
  const { code, message, hosts } = refused;
  const why = message === "" ? code : message;
  const reason = REASONS[code] ?? "RouteRefused";
  return { type: "Warning", reason, message: `${listed(hosts)}: ${why}` };
}

function listed(all: readonly string[]): string {
  const hosts = [...new Set(all)];
  const more = hosts.length > MOST_HOSTS ? ` and ${hosts.length - MOST_HOSTS} more` : "";
  return `${hosts.slice(0, MOST_HOSTS).join(", ")}${more}`;
}
