export * from "./ports.ts";
export { Pool } from "./pool.ts";
export { MIN_IN_FLIGHT_BYTES } from "./pace.ts";
export { MAX_WINDOW_BYTES } from "./window.ts";
export { Tunnel, type TunnelOptions, type TunnelStats } from "./tunnel.ts";
