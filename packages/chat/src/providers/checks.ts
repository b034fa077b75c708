import type { BreakerState } from "./breaker.ts";
import type { Guarded } from "./guarded.ts";
import type { FaultKind } from "./provider-error.ts";

export interface ProviderCheck {
  id: string;
  status: "ready" | "not ready";
  breaker: BreakerState;
  /** What was last wrong with it; undefined for nothing. */
  reason: FaultKind | undefined;
}

/** `checks.llm` of the readiness probe. Not ready means that no provider can answer now. */
export interface ProvidersCheck {
  status: "ready" | "not ready";
  providers_count: number;
  /** For people; undefined where all are ready. */
  reason: string | undefined;
  providers: ProviderCheck[];
}

export function checkProviders(all: readonly Guarded[]): ProvidersCheck {
  const providers = all.map(checkOf);
  const ready = providers.filter(({ status }) => status === "ready").length;
  return {
    status: ready > 0 ? "ready" : "not ready",
    providers_count: all.length,
    reason:
      ready === all.length ? undefined : `${all.length - ready} of ${all.length} cannot answer`,
    providers,
  };
}

/** Faults of which one is enough: the next try would meet it too. Others are for the breaker to judge. */
const LASTING: readonly (FaultKind | undefined)[] = ["unreachable", "timeout_connect", "refused"];

function checkOf({ provider, breakerState: breaker, lastFault: reason }: Guarded): ProviderCheck {
  const isReady = breaker === "closed" && !LASTING.includes(reason);
  return { id: provider.id, status: isReady ? "ready" : "not ready", breaker, reason };
}
