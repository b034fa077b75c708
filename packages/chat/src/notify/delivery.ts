import { AttemptTimeoutError, DependencyOpenError, type FailureKind } from "@warren/host";
import { DeliveryError } from "./ports.ts";

/** What a carrier's own error says, for its DeliveryError. */
export interface CarrierWords {
  code: string;
  status: number | undefined;
  kind: FailureKind;
}

/** Turns what a guarded call to a carrier threw into the port's error. */
export function deliveryError(
  carrier: string,
  error: unknown,
  read: (error: unknown) => CarrierWords,
): DeliveryError {
  if (error instanceof DeliveryError) return error;
  const lost = (code: string) =>
    new DeliveryError(carrier, { code, status: undefined, retry: true });
  if (error instanceof DependencyOpenError) return lost("BREAKER_OPEN");
  if (error instanceof AttemptTimeoutError) return lost("TIMEOUT");
  const { code, status, kind } = read(error);
  return new DeliveryError(carrier, {
    code,
    status,
    retry: kind === "transient" || kind === "deferred",
  });
}
