export * from "./pair.ts";
export * from "./pipe.ts";
export * from "./recorder.ts";
export * from "./house.ts";
