// The door of this room: what other rooms may import.
export * from "./events.ts";
export * from "./published.ts";
export * from "./streams.ts";
export * from "./target.ts";
export * from "./config.ts";
export * from "./start.ts";
