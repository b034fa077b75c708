// The door of this room: what other rooms may import.
export * from "./config.ts";
export * from "./control/leave-gateway.ts";
export * from "./control/ping-gateway.ts";
export * from "./destination.ts";
export * from "./endpoint-choice.ts";
export * from "./events.ts";
export * from "./kube-options.ts";
export * from "./options.ts";
export * from "./published.ts";
export * from "./services.ts";
export * from "./start.ts";
export * from "./streams.ts";
export * from "./target.ts";
export * from "./upstreams.ts";
export * from "./verdicts.ts";
export * from "./voice.ts";
export * from "./demo/site.ts";
