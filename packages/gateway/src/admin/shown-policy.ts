import type { Policy } from "@warren/wire";

/** A policy as people are shown it: of passwords the users alone, since a hash can be guessed at. */
export function shownPolicy(policy: Policy): Policy {
  return { ...policy, basic_auth: policy.basic_auth.map((line) => line.replace(/:.*$/s, "")) };
}
