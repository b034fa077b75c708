export * from "./certificates.ts";
export * from "./connect-proxy.ts";
export * from "./fault-proxy.ts";
export * from "./logs.ts";
export * from "./virtual-clock.ts";
export * from "./services.ts";
