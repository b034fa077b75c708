export * from "./access.ts";
export * from "./client.ts";
export * from "./kube-error.ts";
export * from "./object.ts";
export * from "./resources.ts";
