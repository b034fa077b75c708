export * from "./clock.ts";
export * from "./log.ts";
export * from "./metrics.ts";
export * from "./retry.ts";
export * from "./dial.ts";
export * from "./proxy.ts";
export * from "./websocket.ts";
export * from "./websocket-dial.ts";
