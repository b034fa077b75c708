export * from "./logs.ts";
export * from "./virtual-clock.ts";
