import { backendsOf, patternsOver, type Feature, type Policy, type Route } from "@warren/wire";

/** What a gateway must name before it is told a route that says more than the first releases read. */
const RULES: Feature = "route_rules";

export interface Understood {
  readonly said: readonly Route[];
  /** Kept back: the gateway would serve these otherwise than they say. */
  readonly withheld: readonly Route[];
}

export function understandsRules(features: readonly string[]): boolean {
  return features.includes(RULES);
}

/**
 * Routes as they may be told to a gateway that leaves out what it does not know: networks to keep
 * out, filters, schemes, times, how a controller reads paths that not everybody may ask for. With a route goes all else of its host, and a wildcard that covers
 * it: what is kept back would be answered by those, past the very rule.
 */
export function withoutRules(routes: readonly Route[]): Understood {
  const hosts = new Set(
    routes.filter((route) => saysMore(route) && route.kind !== "tcp").map(({ host }) => host),
  );
  const over = new Set([...hosts].flatMap(patternsOver));
  const isWithheld = (route: Route): boolean =>
    saysMore(route) || (route.kind !== "tcp" && over.has(route.host));
  const withheld = new Set(routes.filter(isWithheld));
  return { said: routes.filter((route) => !withheld.has(route)), withheld: [...withheld] };
}

function saysMore(route: Route): boolean {
  const { filters, match, policy, controller } = route;
  return (
    filters !== undefined ||
    controller === "expressions" ||
    (controller === "characters" && isForSome(policy)) ||
    match.scheme !== undefined ||
    (policy.deny?.length ?? 0) > 0 ||
    policy.request_timeout_ms !== undefined ||
    backendsOf(route).some(({ answer }) => answer !== undefined)
  );
}

function isForSome({ allow, basic_auth: passwords }: Policy): boolean {
  return allow.length > 0 || passwords.length > 0;
}
