export * from "./control.ts";
export * from "./errors.ts";
export * from "./frame.ts";
export * from "./host-pattern.ts";
export * from "./opening.ts";
export * from "./route.ts";
export * from "./token.ts";
export * from "./version.ts";
