export * from "./logs.ts";
export * from "./virtual-clock.ts";
export * from "./certificates.ts";
export * from "./connect-proxy.ts";
