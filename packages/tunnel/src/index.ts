export * from "./ports.ts";
export { Pool } from "./pool.ts";
export type { Budget } from "./budget.ts";
export { MIN_IN_FLIGHT_BYTES } from "./pace.ts";
export { MAX_WINDOW_BYTES } from "./window.ts";
export { Tunnel } from "./tunnel.ts";
export type { TunnelOptions } from "./tunnel-options.ts";
export { Carrier, type Heard } from "./carrier.ts";
export {
  Dialler,
  type DiallerOptions,
  type DiallerOwner,
  type Registration,
  type TunnelWorld,
} from "./dialler.ts";
export { Acceptor, MOST_TUNNELS, type AcceptorOptions, type AcceptorOwner } from "./acceptor.ts";
export type { Association, Identity } from "./association.ts";
export * from "./tunnel-stats.ts";
