export * from "./certificates.ts";
export * from "./connect-proxy.ts";
export * from "./fault-proxy.ts";
export * as http2Frames from "./http2-frames.ts";
export * from "./leaping-clock.ts";
export * from "./logs.ts";
export * from "./virtual-clock.ts";
export * from "./services.ts";
export * from "./waiting.ts";
