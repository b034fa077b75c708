// The door of this room: what other rooms may import.
export * from "./agent-balancer.ts";
export * from "./alias.ts";
export * from "./chooser.ts";
export * from "./hash.ts";
export * from "./health.ts";
export * from "./sticky-cookie.ts";
