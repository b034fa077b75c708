import { no, type Said } from "./conditions.ts";
import type { Gateway } from "./objects.ts";

/**
 * Why a Gateway as a whole is not served: what it asks for beside its listeners. `names`: those that
 * gateways gave this cluster, the only addresses that there are.
 */
export function gatewayProblem(
  { spec }: Gateway,
  names: readonly string[],
): (Said & { type: "Accepted" | "Programmed" }) | undefined {
  const { addresses = [], infrastructure } = spec;
  if (infrastructure?.parametersRef !== undefined)
    return problem("Accepted", "InvalidParameters", "a Warren Gateway takes no parameters");
  const strange = addresses.find(({ type = "IPAddress" }) => type !== "Hostname");
  if (strange !== undefined)
    return problem(
      "Accepted",
      "UnsupportedAddress",
      "an address is a Hostname: Warren's gateways have names",
    );
  const unknown = addresses.find(({ value = "" }) => value !== "" && !names.includes(value));
  if (unknown !== undefined)
    return problem(
      "Programmed",
      "AddressNotUsable",
      `${unknown.value} is no name of this cluster; leave spec.addresses out, or use one of: ${names.join(", ")}`,
    );
  return undefined;
}

function problem<T extends "Accepted" | "Programmed">(type: T, reason: string, message: string) {
  return { ...no(type, reason, message), type };
}
