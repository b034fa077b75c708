import { onceFor } from "../once-for.ts";
import { createTarget, type Target, type TargetInput } from "../target.ts";
import type { EndpointSlice, Service, ServicePort } from "./objects.ts";
import { endpointsOf } from "./service-endpoints.ts";

/** By the slices that they follow from, with which they go. */
const madeOf = onceFor((_slices: readonly EndpointSlice[]) => new Map<string, readonly Target[]>());

/** A Service's port, and how it is spoken to. */
interface Dialled {
  readonly service: Service;
  readonly port: ServicePort;
  /** At the Service. */
  readonly dial: TargetInput;
}

/**
 * The endpoints of a Service's port as they are dialled. All who dial the same port alike have the very
 * same list, while `slices` is the very same: ten thousand pods are made into targets once for each
 * way to dial them, however many Ingresses and routes lead there.
 */
export function sharedEndpoints(
  slices: readonly EndpointSlice[],
  { service, port, dial }: Dialled,
): readonly Target[] {
  const made = madeOf(slices);
  const { clusterIP = "" } = service.spec ?? {};
  const key = `${createTarget(dial).key} ${clusterIP} ${port.name ?? ""}`;
  const targets =
    made.get(key) ??
    endpointsOf(slices, service, port).map((one) => createTarget({ ...dial, ...one }));
  made.set(key, targets);
  return targets;
}
